//! This machine's engine for others: begun, changed, ended.

use egui::Context;

use crate::store::preferences::Sharing;
use crate::ui::action::{Action, ShareAction, Sheet};
use crate::ui::app::studio::Studio;
use crate::ui::share::{ShareStage, Shared, TokenChoice};

impl Studio {
    pub(super) fn apply_to_share(&mut self, ctx: &Context, action: ShareAction) {
        match action {
            ShareAction::Open => self.state.sheet = Some(Sheet::Share),
            ShareAction::Change(sharing) => {
                self.saver.current.preferences.sharing = sharing;
                self.state.share.wanted = sharing;
                self.saver.touch();
                self.share(sharing, TokenChoice::Kept);
            }
            ShareAction::NewToken => self.share(self.saver.current.preferences.sharing, TokenChoice::New),
            ShareAction::Changed(answer) => self.shared(answer.map(|answer| *answer)),
            ShareAction::Copy(text) => {
                ctx.copy_text(text);
                self.state.toasts.note("Copied.".to_owned());
            }
        }
    }

    /// What was shared when the window was closed is shared again.
    pub(in crate::ui) fn share_as_kept(&mut self) {
        let sharing = self.saver.current.preferences.sharing;
        self.state.share.wanted = sharing;
        self.state.share.can = self.services.share.is_some();
        if sharing.is_on {
            self.share(sharing, TokenChoice::Kept);
        }
    }

    fn share(&mut self, sharing: Sharing, token: TokenChoice) {
        let Some(share) = self.services.share.clone() else { return };
        if !sharing.is_on && self.state.share.stage == ShareStage::Off {
            // Only how it would be shared has changed.
            return;
        }
        self.state.share.stage = ShareStage::Changing;
        let changed = |answer| Action::Share(ShareAction::Changed(answer));
        let broken = Err("something broke inside; try it again".to_owned());
        self.background.aside(Some(changed(Some(Box::new(broken)))), move || {
            if sharing.is_on {
                return Some(changed(Some(Box::new((share.begin)(sharing, token)))));
            }
            (share.end)();
            Some(changed(None))
        });
    }

    fn shared(&mut self, answer: Option<Result<Shared, String>>) {
        self.state.share.stage = match answer {
            None => ShareStage::Off,
            Some(Ok(shared)) => ShareStage::On(shared),
            Some(Err(sentence)) => {
                // The sheet may be closed.
                self.state.toasts.error(super::sentence(&sentence), None);
                ShareStage::Failed(sentence)
            }
        };
    }

    /// Before the sheet is drawn.
    pub(in crate::ui) fn look_for_guests(&mut self) {
        if self.state.sheet == Some(Sheet::Share)
            && let Some(share) = &self.services.share
        {
            self.state.share.guests = (share.guests)();
        }
    }
}
