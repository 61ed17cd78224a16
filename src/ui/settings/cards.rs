//! Which of several NVIDIA cards compute: a box for each.

use egui::{Label, RichText, Ui};

use crate::engine::device::{Card, DeviceChoice};
use crate::store::settings::Settings;
use crate::ui::theme;
use crate::ui::widgets::Check;

/// Where cards are what computes.
pub(super) fn applies(settings: &Settings) -> bool {
    matches!(settings.preferences.processor.device, DeviceChoice::Cuda(_))
}

/// The numbers of those that compute, in their order; the first card where another device is chosen.
#[must_use]
pub(super) fn chosen(settings: &Settings) -> Vec<usize> {
    let devices = settings.preferences.processor.devices();
    let mut numbers: Vec<usize> = devices
        .iter()
        .filter_map(|device| match device {
            DeviceChoice::Cuda(number) => Some(number),
            DeviceChoice::Auto | DeviceChoice::Cpu | DeviceChoice::Metal => None,
        })
        .collect();
    numbers.sort_unstable();
    if numbers.is_empty() { vec![0] } else { numbers }
}

/// Has these compute, where cards do.
pub(super) fn choose(settings: &mut Settings, numbers: &[usize]) {
    let is_card = applies(settings);
    let processor = &mut settings.preferences.processor;
    if let Some((first, further)) = numbers.split_first().filter(|_| is_card) {
        (processor.device, processor.further_cards) = (DeviceChoice::Cuda(*first), further.to_vec());
    }
}

/// `cards` is `None` until the driver has answered.
pub(super) fn show(ui: &mut Ui, settings: &mut Settings, cards: Option<&[Card]>) {
    let numbers = chosen(settings);
    let known = cards.unwrap_or_default().iter().map(|card| (card.number, words(card)));
    // A card that was chosen and has been taken out of the machine can still be left out.
    let is_gone = |number: &usize| cards.is_some_and(|cards| cards.iter().all(|card| card.number != *number));
    let gone = numbers.iter().copied().filter(is_gone).map(|number| (number, format!("{number}: not here")));
    for (number, words) in known.chain(gone) {
        let was = numbers.contains(&number);
        let mut is = was;
        let check = ui.add_enabled(numbers != [number], Check::new(&words, &mut is));
        check.on_disabled_hover_text("One card computes in any case.");
        if is != was {
            let others = numbers.iter().copied().filter(|other| *other != number);
            let mut numbers: Vec<usize> = others.chain(is.then_some(number)).collect();
            numbers.sort_unstable();
            choose(settings, &numbers);
        }
    }
    if cards.is_none() {
        let words = RichText::new("The driver is asked for its cards…").color(theme::tokens(ui).text_3);
        ui.add(Label::new(words).wrap());
    }
}

/// "0: NVIDIA H200, 150.8 GB".
fn words(card: &Card) -> String {
    let memory = card.total_bytes.map(|bytes| format!(", {:.1} GB", bytes as f64 / 1e9)).unwrap_or_default();
    format!("{}: {}{memory}", card.number, card.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_are_chosen_only_where_cards_compute() {
        let mut settings = Settings::default();
        choose(&mut settings, &[1, 2]);
        assert_eq!((chosen(&settings), applies(&settings)), (vec![0], false));
        settings.preferences.processor.device = DeviceChoice::Cuda(0);
        choose(&mut settings, &[1, 2]);
        assert_eq!(chosen(&settings), [1, 2]);
        assert_eq!(settings.preferences.processor.devices().to_string(), "cuda:1,cuda:2");
    }
}
