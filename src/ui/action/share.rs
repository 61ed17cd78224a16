//! What can be asked for where this machine is shared.

use crate::store::preferences::Sharing;
use crate::ui::share::Shared;

#[derive(Clone, Debug)]
pub enum ShareAction {
    Open,
    /// Shares in this way from now on, or ends sharing.
    Change(Sharing),
    /// Whoever has the old token stays outside.
    NewToken,
    /// What came of it; `None` when it has ended.
    Changed(Option<Box<Result<Shared, String>>>),
    /// Puts a text on the clipboard.
    Copy(String),
}
