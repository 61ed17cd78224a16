//! The canvas made again from the records of its steps, and the shortest row of them.

use super::change::{Change, Record, Sheet};
use super::document::Document;
use super::history::History;

impl Document {
    /// Makes a step that was noted before. Nothing of it is noted again.
    pub fn replay(&mut self, record: Record) {
        let change = match record {
            Record::Start(sheet) => {
                self.swap(Change::Sheet(sheet));
                self.history = History::default();
                None
            }
            Record::Sheet(sheet) => Some(Change::Sheet(sheet)),
            Record::Tiles(tiles) => Some(Change::Tiles(tiles)),
            Record::Stack(stack) => Some(Change::Stack(stack)),
            Record::Undo | Record::Redo => {
                self.step(record);
                None
            }
        };
        if let Some(change) = change {
            let back = self.swap(change);
            self.history.push(back);
        }
        self.records.clear();
    }

    /// The shortest row of records that makes this canvas with all its steps.
    pub fn condensed(&mut self) -> Vec<Record> {
        self.end_stroke();
        let forth_count = self.history.redo_count();
        while self.can_undo() {
            self.undo();
        }
        let start = Sheet {
            picture: self.picture.clone(),
            origin: self.origin.clone(),
            mask: self.mask.clone(),
            stack: self.stack.in_full(),
        };
        let mut records = vec![Record::Start(Box::new(start))];
        let mut history = std::mem::take(&mut self.history);
        while history.redo(|change| {
            records.push(match &change {
                Change::Tiles(tiles) => Record::Tiles(tiles.clone()),
                Change::Sheet(sheet) => Record::Sheet(sheet.clone()),
                Change::Stack(stack) => Record::Stack(stack.clone()),
            });
            self.swap(change)
        }) {}
        self.history = history;
        for _ in 0..forth_count {
            self.undo();
            records.push(Record::Undo);
        }
        self.records.clear();
        records
    }
}
