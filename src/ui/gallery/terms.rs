//! Filters as words of the search.

use chrono::{Days, Local};

use crate::ui::action::Filter;

/// As the search writes it.
pub(super) fn term(filter: &Filter) -> String {
    match filter {
        Filter::Model(name) => format!("model:\"{name}\""),
        Filter::Size(size) => format!("size:{size}"),
        Filter::Days(days) => {
            let today = Local::now().date_naive();
            let first = today.checked_sub_days(Days::new(u64::from(days.saturating_sub(1)))).unwrap_or(today);
            format!("after:{first}")
        }
        Filter::Tag(name) => format!("tag:\"{name}\""),
        Filter::Collection(name) => format!("collection:\"{name}\""),
    }
}
