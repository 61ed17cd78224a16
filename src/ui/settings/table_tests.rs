//! Every row of the table: it can be changed, is seen as changed, and is put back.

use super::*;
use crate::store::settings::Settings;

#[test]
fn every_setting_can_be_changed_seen_as_changed_and_put_back() {
    let usual = Settings::default();
    for setting in TABLE {
        let mut settings = usual.clone();
        assert!(!setting.is_changed(&settings, &usual), "{}", setting.name);
        let changes: Vec<Settings> = match &setting.control {
            Control::Choice { options, get, set } => {
                assert!(get(&usual) < options.len(), "{}: its default is one of its options", setting.name);
                let all = (0..options.len()).map(|index| {
                    let mut changed = usual.clone();
                    set(&mut changed, index);
                    assert_eq!(get(&changed), index, "{}", setting.name);
                    changed
                });
                all.filter(|changed| get(changed) != get(&usual)).collect()
            }
            Control::Toggle { at, .. } => {
                let value = at(&mut settings);
                *value = !*value;
                vec![settings.clone()]
            }
            Control::Number { range, get, set } => {
                let ends = [range.from, range.to].map(|value| {
                    let mut changed = usual.clone();
                    set(&mut changed, value);
                    assert!((get(&changed) - value).abs() < 1e-6, "{}", setting.name);
                    changed
                });
                ends.into_iter().filter(|changed| (get(changed) - get(&usual)).abs() > 1e-6).collect()
            }
            _ => continue,
        };
        assert!(!changes.is_empty(), "{}", setting.name);
        for mut changed in changes {
            assert!(setting.is_changed(&changed, &usual), "{}", setting.name);
            assert_ne!(setting.value(&changed), setting.value(&usual), "{}", setting.name);
            // Nothing else changed with it.
            let others: Vec<_> =
                TABLE.iter().filter(|other| other.is_changed(&changed, &usual)).map(|other| other.name).collect();
            assert_eq!(others, [setting.name]);
            setting.reset(&mut changed, &usual);
            assert_eq!(changed, usual, "{}", setting.name);
        }
    }
}

#[test]
fn names_are_unique_and_things_are_found_by_other_words() {
    for setting in TABLE {
        assert_eq!(TABLE.iter().filter(|other| other.name == setting.name).count(), 1, "{}", setting.name);
        assert!(setting.is_found(&setting.name.to_lowercase()));
    }
    let found = |search: &str| -> Vec<&str> {
        TABLE.iter().filter(|setting| setting.is_found(search)).map(|setting| setting.name).collect()
    };
    assert_eq!(found("metadata"), ["Settings in the file", "Settings in copies"]);
    assert_eq!(found("gpu"), ["Device", "Another machine"]);
    assert!(found("zebra").is_empty());
    assert_eq!(found("").len(), TABLE.len());
}
