//! Keeps macOS from letting the program nap, and the machine from going to sleep, while a picture is made.

/// Holds sleep off until it is dropped.
pub(super) struct Awake {
    /// An activity ends when its object goes.
    #[cfg(target_os = "macos")]
    _activity: objc2::rc::Retained<objc2::runtime::ProtocolObject<dyn objc2::runtime::NSObjectProtocol>>,
}

impl Awake {
    /// From now on. Other systems let a busy program work.
    #[cfg(target_os = "macos")]
    #[must_use]
    pub(super) fn begin() -> Self {
        use objc2_foundation::{NSActivityOptions, NSProcessInfo, NSString};

        let reason = NSString::from_str("A picture is being made");
        let options = NSActivityOptions::UserInitiated;
        Self { _activity: NSProcessInfo::processInfo().beginActivityWithOptions_reason(options, &reason) }
    }

    /// From now on. Other systems let a busy program work.
    #[cfg(not(target_os = "macos"))]
    #[must_use]
    pub(super) fn begin() -> Self {
        Self {}
    }
}
