//! Another machine that computes: connected, asked about its certificate, let go.

use crate::store::preferences::KeptMachine;
use crate::ui::action::{Action, SettingsAction};
use crate::ui::app::studio::Studio;
use crate::ui::machine::{MachineChoice, MachineFound, MachineNearby, MachineProblem, MachineStage, NearbyMachines};

impl Studio {
    /// The machine that computed when the window was closed does so again.
    pub(in crate::ui) fn connect_as_kept(&mut self) {
        let Some(KeptMachine { address, fingerprint }) = self.saver.current.preferences.machine.clone() else { return };
        if self.services.machines.is_some() {
            self.state.settings.machine.address.clone_from(&address);
            self.state.device_text.clone_from(&address);
            self.connect(MachineChoice { address, token: String::new(), fingerprint });
        }
    }

    pub(super) fn connect(&mut self, choice: MachineChoice) {
        let Some(machines) = &self.services.machines else { return };
        self.state.settings.machine.stage = MachineStage::Connecting;
        let connect = machines.connect.clone();
        let answered = |answer| Action::Settings(SettingsAction::Connected(Box::new(answer)));
        let broken = MachineProblem::Failed("Something broke inside; try it again.".to_owned());
        self.background.aside(Some(answered(Err(broken))), move || Some(answered(connect(&choice))));
    }

    pub(super) fn connected(&mut self, answer: Result<MachineFound, MachineProblem>) {
        let machine = &mut self.state.settings.machine;
        match answer {
            Ok(MachineFound { address, fingerprint, label, models, notice }) => {
                machine.token.clear();
                machine.address.clone_from(&address);
                machine.stage = MachineStage::Connected { label: label.clone() };
                self.state.device_text = label;
                self.state.library.other_models = models;
                if let Some(notice) = notice {
                    self.state.toasts.note(notice);
                }
                self.saver.current.preferences.machine = Some(KeptMachine { address, fingerprint });
                self.saver.touch();
                self.list_models();
                self.ask_again();
            }
            Err(MachineProblem::Unknown { fingerprint }) => machine.stage = MachineStage::Unknown { fingerprint },
            Err(MachineProblem::Failed(sentence)) => {
                // The settings may be closed.
                self.state.toasts.error(sentence.clone(), None);
                machine.stage = MachineStage::Failed(sentence);
            }
        }
    }

    pub(super) fn look_for_machines(&mut self) {
        let Some(machines) = &self.services.machines else { return };
        self.state.settings.machine.nearby = NearbyMachines::Looking;
        let look = machines.look.clone();
        let answered = |answer| Action::Settings(SettingsAction::MachinesNearby(answer));
        let broken = "something broke inside; try it again".to_owned();
        self.background.aside(Some(answered(Err(broken))), move || Some(answered(look())));
    }

    pub(super) fn machines_nearby(&mut self, answer: Result<Vec<MachineNearby>, String>) {
        self.state.settings.machine.nearby = match answer {
            Ok(found) => NearbyMachines::Found(found),
            Err(sentence) => NearbyMachines::Failed(super::sentence(&sentence)),
        };
    }

    pub(super) fn compute_here(&mut self) {
        let Some(machines) = &self.services.machines else { return };
        (machines.leave)();
        self.state.settings.machine.stage = MachineStage::Here;
        self.state.library.other_models.clear();
        self.saver.current.preferences.machine = None;
        self.saver.touch();
        self.list_models();
        self.ask_again();
        let processor = self.saver.current.preferences.processor.clone();
        // A driver may take its time to answer.
        self.background.aside(None, move || Some(Action::Settings(SettingsAction::ProcessorNamed(processor.label()))));
    }

    /// While another machine computes, the status line has its name.
    pub(super) fn processor_named(&mut self, text: String) {
        if self.saver.current.preferences.machine.is_none() {
            self.state.device_text = text;
        }
    }
}
