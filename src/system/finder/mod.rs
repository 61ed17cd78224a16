//! What a Mac asks the program to open: "Open With", a drop on the Dock's icon, a link. It says so by Apple events, at
//! the launch as well, and never by arguments.
//!
//! The application's delegate, which AppKit hands such events to, is the window library's own and lets them fall. So they
//! are taken before AppKit sees them, by handlers that are installed when Apple's guide says: once AppKit has its own,
//! as the launch is about to end ("Installing a Get URL Handler", Cocoa Scripting Guide).
#![expect(unsafe_code, reason = "Objective-C: a class of our own, and messages whose types no compiler knows")]

mod menu;

use objc2::rc::Retained;
use objc2::runtime::{NSObject, NSObjectProtocol};
use objc2::{AllocAnyThread as _, DefinedClass as _, define_class, msg_send, sel};
use objc2_foundation::{
    NSAppleEventDescriptor, NSAppleEventManager, NSNotification, NSNotificationCenter, NSString, ns_string,
};

/// The events' names: four letters each, as Apple's headers have them (`kCoreEventClass`, `kAEOpenDocuments`).
const CORE: u32 = name(*b"aevt");
const OPEN_DOCUMENTS: u32 = name(*b"odoc");
const GET_URL: u32 = name(*b"GURL");
/// What an event is about (`keyDirectObject`).
const DIRECT_OBJECT: u32 = name(*b"----");

const fn name(letters: [u8; 4]) -> u32 {
    u32::from_be_bytes(letters)
}

pub use menu::menu_bar;

type Take = Box<dyn Fn(Vec<String>)>;

define_class!(
    // SAFETY: NSObject asks nothing of those that are made of it, and there is no `Drop` here.
    #[unsafe(super(NSObject))]
    #[name = "InkwickOpener"]
    #[ivars = Take]
    struct Opener;

    // SAFETY: it is an NSObject.
    unsafe impl NSObjectProtocol for Opener {}

    impl Opener {
        #[unsafe(method(willFinishLaunching:))]
        fn will_finish_launching(&self, _: &NSNotification) {
            self.install();
        }

        #[unsafe(method(openFiles:reply:))]
        fn open_files(&self, event: &NSAppleEventDescriptor, _: &NSAppleEventDescriptor) {
            let file = |item: Retained<NSAppleEventDescriptor>| item.fileURLValue()?.absoluteString();
            self.open(about(event), file);
        }

        #[unsafe(method(openLink:reply:))]
        fn open_link(&self, event: &NSAppleEventDescriptor, _: &NSAppleEventDescriptor) {
            self.open(about(event), |item| item.stringValue());
        }
    }
);

impl Opener {
    fn new(take: Take) -> Retained<Self> {
        let opener = Self::alloc().set_ivars(take);
        // SAFETY: `init` of NSObject takes nothing and gives the object itself.
        unsafe { msg_send![super(opener), init] }
    }

    fn install(&self) {
        let manager = NSAppleEventManager::sharedAppleEventManager();
        for (class, event, selector) in
            [(CORE, OPEN_DOCUMENTS, sel!(openFiles:reply:)), (GET_URL, GET_URL, sel!(openLink:reply:))]
        {
            // SAFETY: both selectors are this class's and take two descriptors; class and event are 32 bits wide.
            let () = unsafe {
                msg_send![
                    &*manager,
                    setEventHandler: self,
                    andSelector: selector,
                    forEventClass: class,
                    andEventID: event
                ]
            };
        }
    }

    fn open(
        &self,
        named: Vec<Retained<NSAppleEventDescriptor>>,
        link_of: impl Fn(Retained<NSAppleEventDescriptor>) -> Option<Retained<NSString>>,
    ) {
        let open: Vec<String> = named.into_iter().filter_map(link_of).map(|link| link.to_string()).collect();
        if !open.is_empty() {
            (self.ivars())(open);
        }
    }
}

/// The things that an event names: those of its list, or the one that there is.
fn about(event: &NSAppleEventDescriptor) -> Vec<Retained<NSAppleEventDescriptor>> {
    type Found = Option<Retained<NSAppleEventDescriptor>>;
    // SAFETY: it takes a name of 32 bits and gives a descriptor or nothing.
    let direct: Found = unsafe { msg_send![event, paramDescriptorForKeyword: DIRECT_OBJECT] };
    let Some(direct) = direct else { return Vec::new() };
    // They are counted from 1; what is no list has none.
    match direct.numberOfItems() {
        0 => vec![direct],
        count => (1..=count).filter_map(|place| direct.descriptorAtIndex(place)).collect(),
    }
}

/// As long as it lives, what is to be opened is told.
pub struct Listening {
    _opener: Retained<Opener>,
}

/// Has `take` called with links (`file:` and `inkwick:`) whenever the system wants something opened. Call it on the main
/// thread, before the window's loop begins.
#[must_use]
pub fn listen(take: impl Fn(Vec<String>) + 'static) -> Listening {
    let opener = Opener::new(Box::new(take));
    let name = ns_string!("NSApplicationWillFinishLaunchingNotification");
    // SAFETY: the selector is this class's and takes a notification; no sender is asked for.
    unsafe {
        NSNotificationCenter::defaultCenter().addObserver_selector_name_object(
            &opener,
            sel!(willFinishLaunching:),
            Some(name),
            None,
        );
    }
    Listening { _opener: opener }
}
