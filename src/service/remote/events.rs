//! A job's events as they come from another machine: server-sent events, block by block.

use serde_json::Value;

/// More than the largest picture takes.
const MOST_BYTES: usize = 512 << 20;

#[derive(Debug, PartialEq)]
pub(super) struct Block {
    pub id: u64,
    pub name: String,
    pub data: Value,
}

/// What has come and is no whole event yet.
#[derive(Default)]
pub(super) struct Blocks {
    bytes: Vec<u8>,
    /// Looked through before.
    seen: usize,
}

impl Blocks {
    /// `false` when more comes than an event can have.
    #[must_use]
    pub(super) fn push(&mut self, bytes: &[u8]) -> bool {
        self.bytes.extend_from_slice(bytes);
        self.bytes.len() <= MOST_BYTES
    }

    /// The next whole event; comments are passed over.
    pub(super) fn pop(&mut self) -> Option<Block> {
        loop {
            let from = self.seen.saturating_sub(1);
            let Some(end) = self.bytes[from..].windows(2).position(|pair| pair == b"\n\n") else {
                self.seen = self.bytes.len();
                return None;
            };
            let block: Vec<u8> = self.bytes.drain(..from + end + 2).collect();
            self.seen = 0;
            if let Some(block) = block_of(&block) {
                return Some(block);
            }
        }
    }
}

fn block_of(bytes: &[u8]) -> Option<Block> {
    let text = std::str::from_utf8(bytes).ok()?;
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.map(str::trim)
    };
    let data = serde_json::from_str(field("data")?).ok()?;
    Some(Block { id: field("id")?.parse().ok()?, name: field("event")?.to_owned(), data })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_come_whole_wherever_they_are_cut() {
        let text = ": alive\n\nid: 1\nevent: queued\ndata: {\"position\":0}\n\n:\n\nid: 2\nevent: notice\ndata: {\"message\":\"ä\"}\n\n";
        for cut in 0..text.len() {
            let (mut blocks, mut found) = (Blocks::default(), Vec::new());
            for part in [&text.as_bytes()[..cut], &text.as_bytes()[cut..]] {
                assert!(blocks.push(part));
                found.extend(std::iter::from_fn(|| blocks.pop()));
            }
            assert_eq!(found.len(), 2, "cut at {cut}");
            assert_eq!(found[0], Block { id: 1, name: "queued".into(), data: json!({"position": 0}) });
            assert_eq!(found[1].data["message"], "ä");
        }
    }
}
