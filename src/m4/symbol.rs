//! The symbol table: names, their stacks of definitions, and which are traced.
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::Stop;
use super::builtin::Call;
use super::engine::M4;

/// What a builtin does: reads its call, appends its expansion.
pub(super) type Function = for<'a, 'b, 'c> fn(&'a mut M4<'b>, &'c Call<'c>, &'a mut Vec<u8>) -> Result<(), Stop>;

/// One row of the table of builtins.
pub(super) struct Builtin {
    pub name: &'static str,
    /// Absent under `-G`.
    pub gnu: bool,
    /// Takes builtins as arguments (from `defn`).
    pub macros: bool,
    /// Only recognised when an opening parenthesis follows.
    pub blind: bool,
    pub action: Action,
}

/// How a builtin is carried out: `indir` and `builtin` are loops of the engine, not functions that call it again.
pub(super) enum Action {
    Function(Function),
    Indir,
    Builtin,
}

impl PartialEq for Builtin {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}
impl Eq for Builtin {}

/// What a name stands for.
#[derive(Clone)]
pub(super) enum Definition {
    Text(Rc<[u8]>),
    Builtin(&'static Builtin),
}

/// All names.
#[derive(Default)]
pub(super) struct Symbols {
    table: HashMap<Rc<[u8]>, Vec<Definition>>,
    traced: HashSet<Vec<u8>>,
}

impl Symbols {
    pub fn get(&self, name: &[u8]) -> Option<(&Rc<[u8]>, &Definition)> {
        self.table.get_key_value(name).and_then(|(k, v)| v.last().map(|d| (k, d)))
    }

    pub fn define(&mut self, name: &[u8], definition: Definition) {
        match self.table.get_mut(name).and_then(|v| v.last_mut()) {
            Some(last) => *last = definition,
            None => self.push(name, definition),
        }
    }

    pub fn push(&mut self, name: &[u8], definition: Definition) {
        match self.table.get_mut(name) {
            Some(stack) => stack.push(definition),
            None => {
                self.table.insert(Rc::from(name), vec![definition]);
            }
        }
    }

    pub fn pop(&mut self, name: &[u8]) {
        if let Some(stack) = self.table.get_mut(name) {
            stack.pop();
            if stack.is_empty() {
                self.table.remove(name);
            }
        }
    }

    pub fn undefine(&mut self, name: &[u8]) {
        self.table.remove(name);
    }

    pub fn names(&self) -> Vec<Vec<u8>> {
        let mut names: Vec<Vec<u8>> = self.table.keys().map(|k| k.to_vec()).collect();
        names.sort();
        names
    }

    pub fn is_traced(&self, name: &[u8]) -> bool {
        !self.traced.is_empty() && self.traced.contains(name)
    }

    pub fn trace(&mut self, name: &[u8], on: bool) {
        if on {
            self.traced.insert(name.to_vec());
        } else {
            self.traced.remove(name);
        }
    }

    pub fn trace_none(&mut self) {
        self.traced.clear();
    }
}
