//! Carries out a pickle's instructions on a stack of numbers; what each stands for is kept in one list.

use std::collections::HashMap;

use super::pickle_value::{Id, PickledTensor, Value};

const DAMAGED: &str = "its pickle is damaged";
/// A checkpoint with all that training left in it has a tenth as many.
const MOST_VALUES: usize = 2_000_000;
/// Of names that are copied.
const MOST_NAME_BYTES: usize = 256;
/// Sides of a tensor.
const MOST_SIDES: usize = 8;
const OTHER: Id = 0;
const MARK: Id = 1;

struct Reader<'a> {
    bytes: &'a [u8],
    values: Vec<Value>,
    stack: Vec<Id>,
    memo: HashMap<u32, Id>,
}

/// All values, which of them is the outermost, and what stands behind the pickle.
///
/// # Errors
/// A few words for a person when it is cut off or uses what no checkpoint does.
pub(crate) fn run(bytes: &[u8]) -> Result<(Vec<Value>, Id, &[u8]), String> {
    let mut reader = Reader { bytes, values: vec![Value::Other, Value::Mark], stack: Vec::new(), memo: HashMap::new() };
    while reader.step()? {
        if reader.values.len() > MOST_VALUES {
            return Err("its pickle is longer than any checkpoint's".to_owned());
        }
    }
    let top = reader.pop()?;
    Ok((reader.values, top, reader.bytes))
}

impl Reader<'_> {
    fn take(&mut self, count: usize) -> Result<&[u8], String> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or("its pickle is cut off")?;
        self.bytes = rest;
        Ok(taken)
    }

    fn number(&mut self, width: usize) -> Result<u64, String> {
        let bytes = self.take(width)?;
        Ok(bytes.iter().rev().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
    }

    fn line(&mut self) -> Result<String, String> {
        let end = self.bytes.iter().position(|byte| *byte == b'\n').ok_or("its pickle is cut off")?;
        let text = String::from_utf8_lossy(self.take(end)?).trim_end_matches('\r').to_owned();
        self.take(1)?;
        Ok(text)
    }

    fn push(&mut self, value: Value) {
        let id = if matches!(value, Value::Other) {
            OTHER
        } else {
            self.values.push(value);
            (self.values.len() - 1) as Id
        };
        self.stack.push(id);
    }

    fn pop(&mut self) -> Result<Id, String> {
        self.stack.pop().ok_or_else(|| DAMAGED.to_owned())
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Id>, String> {
        let mark = self.stack.iter().rposition(|id| *id == MARK).ok_or(DAMAGED)?;
        let above = self.stack.split_off(mark + 1);
        self.stack.pop();
        Ok(above)
    }

    fn push_text(&mut self, length: u64) -> Result<(), String> {
        let length = usize::try_from(length).map_err(|_| DAMAGED)?;
        let text = String::from_utf8_lossy(self.take(length)?).into_owned();
        self.push(Value::Text(text));
        Ok(())
    }

    fn skip_bytes(&mut self, length: u64) -> Result<(), String> {
        self.take(usize::try_from(length).map_err(|_| DAMAGED)?)?;
        self.push(Value::Other);
        Ok(())
    }

    fn tuple(&mut self, count: usize) -> Result<(), String> {
        let at = self.stack.len().checked_sub(count).ok_or(DAMAGED)?;
        let items = self.stack.split_off(at);
        self.push(Value::Sequence(items));
        Ok(())
    }

    /// Puts pairs into the dictionary on top of the stack; on anything else they are forgotten.
    fn set_items(&mut self, items: &[Id]) -> Result<(), String> {
        let top = *self.stack.last().ok_or(DAMAGED)?;
        if let Value::Dict(pairs) = &mut self.values[top as usize] {
            pairs.extend(items.chunks_exact(2).map(|pair| (pair[0], pair[1])));
        }
        Ok(())
    }

    fn append(&mut self, items: &[Id]) -> Result<(), String> {
        let top = *self.stack.last().ok_or(DAMAGED)?;
        if let Value::Sequence(list) = &mut self.values[top as usize] {
            list.extend_from_slice(items);
        }
        Ok(())
    }

    fn remember(&mut self, slot: u32) -> Result<(), String> {
        let top = *self.stack.last().ok_or(DAMAGED)?;
        self.memo.insert(slot, top);
        Ok(())
    }

    fn recall(&mut self, slot: u32) -> Result<(), String> {
        let id = *self.memo.get(&slot).ok_or(DAMAGED)?;
        self.stack.push(id);
        Ok(())
    }

    /// Carries out one instruction; false at the end.
    fn step(&mut self) -> Result<bool, String> {
        let code = self.take(1)?[0];
        match code {
            b'.' => return Ok(false),
            0x80 => drop(self.number(1)?),
            0x95 => drop(self.number(8)?),
            b'(' => self.stack.push(MARK),
            b'0' => drop(self.pop()?),
            b'b' => self.build()?,
            b'1' => drop(self.pop_to_mark()?),
            b'2' => {
                let top = *self.stack.last().ok_or(DAMAGED)?;
                self.stack.push(top);
            }
            b'a' => {
                let item = self.pop()?;
                self.append(&[item])?;
            }
            b'e' | 0x90 => {
                let items = self.pop_to_mark()?;
                self.append(&items)?;
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set_items(&[key, value])?;
            }
            b'u' => {
                let items = self.pop_to_mark()?;
                self.set_items(&items)?;
            }
            b'q' => self.remember_numbered(1)?,
            b'r' => self.remember_numbered(4)?,
            0x94 => self.remember(self.memo.len() as u32)?,
            b'h' => self.recall_numbered(1)?,
            b'j' => self.recall_numbered(4)?,
            b'p' | b'g' => {
                let slot = self.line()?.parse().map_err(|_| DAMAGED)?;
                if code == b'p' { self.remember(slot)? } else { self.recall(slot)? }
            }
            other => self.step_value(other)?,
        }
        Ok(true)
    }

    /// The instructions that put a value on the stack.
    fn step_value(&mut self, code: u8) -> Result<(), String> {
        match code {
            b'N' | 0x88 | 0x89 => self.push(Value::Other),
            b'K' => self.push_int(1)?,
            b'M' => self.push_int(2)?,
            b'J' => {
                let number = self.number(4)? as u32;
                self.push(Value::Int(i64::from(number.cast_signed())));
            }
            0x8a => {
                let width = self.number(1)? as usize;
                if width > 8 { self.skip_bytes(width as u64)? } else { self.push_int(width)? }
            }
            0x8b | b'B' => self.skip_sized(4)?,
            b'C' => self.skip_sized(1)?,
            0x8e | 0x96 => self.skip_sized(8)?,
            b'G' => self.skip_bytes(8)?,
            b'I' | b'L' | b'F' | b'S' => {
                let line = self.line()?;
                self.push(line.trim_end_matches('L').parse().map_or(Value::Other, Value::Int));
            }
            b'X' | b'T' => self.sized_text(4)?,
            0x8c | b'U' => self.sized_text(1)?,
            0x8d => self.sized_text(8)?,
            b')' | b']' | 0x8f => self.push(Value::Sequence(Vec::new())),
            b'}' => self.push(Value::Dict(Vec::new())),
            b't' | b'l' | 0x91 => {
                let items = self.pop_to_mark()?;
                self.push(Value::Sequence(items));
            }
            b'd' => {
                let items = self.pop_to_mark()?;
                self.push(Value::Dict(items.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()));
            }
            0x85..=0x87 => self.tuple(usize::from(code - 0x84))?,
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.push(Value::Global(format!("{module}.{name}")));
            }
            0x93 => self.stack_global()?,
            b'R' | 0x81 => self.call()?,
            0x92 => {
                self.pop()?;
                self.call()?;
            }
            b'Q' => self.storage()?,
            b'o' | b'i' => {
                if code == b'i' {
                    self.line()?;
                    self.line()?;
                }
                self.pop_to_mark()?;
                self.push(Value::Other);
            }
            other => return Err(format!("its pickle has an unknown instruction ({other})")),
        }
        Ok(())
    }

    fn skip_sized(&mut self, width: usize) -> Result<(), String> {
        let length = self.number(width)?;
        self.skip_bytes(length)
    }

    fn push_int(&mut self, width: usize) -> Result<(), String> {
        let number = self.number(width)?;
        self.push(Value::Int(number.cast_signed()));
        Ok(())
    }

    fn sized_text(&mut self, width: usize) -> Result<(), String> {
        let length = self.number(width)?;
        self.push_text(length)
    }

    fn remember_numbered(&mut self, width: usize) -> Result<(), String> {
        let slot = self.number(width)? as u32;
        self.remember(slot)
    }

    fn recall_numbered(&mut self, width: usize) -> Result<(), String> {
        let slot = self.number(width)? as u32;
        self.recall(slot)
    }

    fn stack_global(&mut self) -> Result<(), String> {
        let (name, module) = (self.pop()?, self.pop()?);
        let global = match (&self.values[module as usize], &self.values[name as usize]) {
            (Value::Text(module), Value::Text(name)) if module.len().max(name.len()) <= MOST_NAME_BYTES => {
                Value::Global(format!("{module}.{name}"))
            }
            _ => Value::Other,
        };
        self.push(global);
        Ok(())
    }

    /// What an object would be filled with is kept beside its class; of everything else it is forgotten.
    fn build(&mut self) -> Result<(), String> {
        let filling = self.pop()?;
        let top = *self.stack.last().ok_or(DAMAGED)?;
        if let Value::Object { state, .. } = &mut self.values[top as usize] {
            *state = filling;
        }
        Ok(())
    }

    /// `('storage', kind, key, device, length)` as a persistent id; before 1.6 also which part of another storage it is,
    /// as `(key, offset, length)`.
    fn storage(&mut self) -> Result<(), String> {
        let id = self.pop()?;
        let storage = self.storage_of(id).unwrap_or(Value::Other);
        self.push(storage);
        Ok(())
    }

    fn storage_of(&self, id: Id) -> Option<Value> {
        let Value::Sequence(items) = &self.values[id as usize] else { return None };
        let value = |index: usize| items.get(index).map(|id| &self.values[*id as usize]);
        let is_short = |text: &str| text.len() <= 2 * MOST_NAME_BYTES;
        let (Some(Value::Text(what)), Some(Value::Global(kind))) = (value(0), value(1)) else { return None };
        // A class of a network, with which its source is written.
        if what == "module" && is_short(kind) {
            return Some(Value::Global(kind.clone()));
        }
        let Some(Value::Text(key)) = value(2).filter(|_| is_short(kind)) else { return None };
        let kind = kind.rsplit('.').next().unwrap_or_default().to_owned();
        let begin = match value(5) {
            Some(Value::Sequence(view)) => self.size(*view.get(1)?)?,
            _ => 0,
        };
        is_short(key).then(|| Value::Storage { kind, key: key.clone(), begin })
    }

    /// The few calls that matter: making dictionaries and tensors. Nothing else is made: an object of any other class is
    /// its class's name.
    fn call(&mut self) -> Result<(), String> {
        let (arguments, callee) = (self.pop()?, self.pop()?);
        let made = self.made(callee, arguments);
        self.push(made);
        Ok(())
    }

    fn made(&self, callee: Id, arguments: Id) -> Value {
        let (Value::Global(name), Value::Sequence(items)) =
            (&self.values[callee as usize], &self.values[arguments as usize])
        else {
            return Value::Other;
        };
        let item = |index: usize| items.get(index).map(|id| &self.values[*id as usize]);
        let unread = Value::UnreadTensor(callee);
        match name.as_str() {
            // Python 2 gives its pairs beforehand.
            "collections.OrderedDict" | "collections.defaultdict" => Value::Dict(self.pairs(items)),
            "torch._utils._rebuild_tensor" | "torch._utils._rebuild_tensor_v2" | "torch._utils._rebuild_tensor_v3" => {
                self.tensor(items).map_or(unread, Value::Tensor)
            }
            // Made of a tensor that stands before the rest.
            "torch._utils._rebuild_parameter"
            | "torch._utils._rebuild_parameter_with_state"
            | "torch._utils._rebuild_device_tensor_from_cpu_tensor" => match item(0) {
                Some(tensor @ (Value::Tensor(_) | Value::UnreadTensor(_))) => tensor.clone(),
                _ => unread,
            },
            // The function that makes it, its class, and what that function is given.
            "torch._tensor._rebuild_from_type_v2"
            | "torch._tensor._rebuild_from_type"
            | "torch.tensor._rebuild_from_type" => match (item(0), item(2)) {
                (Some(Value::Global(inner)), Some(Value::Sequence(given)))
                    if inner.starts_with("torch._utils._rebuild_tensor") =>
                {
                    self.tensor(given).map_or(unread, Value::Tensor)
                }
                _ => unread,
            },
            "copyreg._reconstructor" | "copy_reg._reconstructor" if !items.is_empty() => {
                Value::Object { class: items[0], state: OTHER }
            }
            other if other.starts_with("torch.") && other.contains("._rebuild_") => unread,
            _ => Value::Object { class: callee, state: OTHER },
        }
    }

    fn pairs(&self, items: &[Id]) -> Vec<(Id, Id)> {
        let list = items.first().map(|id| &self.values[*id as usize]);
        let Some(Value::Sequence(list)) = list else { return Vec::new() };
        let pair = |id: &Id| match &self.values[*id as usize] {
            Value::Sequence(pair) => pair.first().copied().zip(pair.get(1).copied()),
            _ => None,
        };
        list.iter().filter_map(pair).collect()
    }

    fn tensor(&self, items: &[Id]) -> Option<PickledTensor> {
        let value = |index: usize| items.get(index).map(|id| &self.values[*id as usize]);
        let Value::Storage { kind, key, begin } = value(0)? else { return None };
        let &Value::Int(offset) = value(1)? else { return None };
        let sizes = |index: usize| -> Option<Vec<usize>> {
            let Value::Sequence(items) = value(index)? else { return None };
            if items.len() > MOST_SIDES {
                return None;
            }
            items.iter().map(|id| self.size(*id)).collect()
        };
        // Newer kinds of numbers have no storage of their own: the kind stands behind the rest.
        let kind = match value(6) {
            Some(Value::Global(dtype)) if dtype.starts_with("torch.") => dtype["torch.".len()..].to_owned(),
            _ => kind.clone(),
        };
        Some(PickledTensor {
            storage: key.clone(),
            kind,
            offset: usize::try_from(offset).ok()?.checked_add(*begin)?,
            shape: sizes(2)?,
            strides: sizes(3)?,
        })
    }

    fn size(&self, id: Id) -> Option<usize> {
        if let Value::Int(number) = self.values[id as usize] { usize::try_from(number).ok() } else { None }
    }
}
