//! Classes whose words a map gives (`F{x}key@class:file`): the map is asked while the configuration is read.

use std::sync::{Arc, Mutex, PoisonError};

use crate::cf::{Macros, MapDef};
use crate::dns::{Settings, SystemResolver};
use crate::map::{MapEnv, MapSet, Probe, complaints};

/// The value of `key` in the map; or what is wrong with it, which is nothing when there is no such class of maps.
pub fn ask(definition: &MapDef, key: &[u8]) -> Result<Option<Vec<u8>>, Vec<String>> {
    let wrong = complaints(definition, &mut Vec::new());
    if wrong.iter().any(|text| text.ends_with("not available")) {
        return Err(Vec::new());
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let resolver = Arc::new(SystemResolver::new(Settings::from_config(&crate::cf::Config::default())));
    let said = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&said);
    let mut env = MapEnv::new(resolver, Arc::new(crate::user::Passwd));
    env.notice = Arc::new(move |text| listener.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned()));
    let (maps, _) = MapSet::open(std::slice::from_ref(definition), env);
    let answer = maps.probe(&definition.name, key, &mut Macros::new());
    let said = said.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match answer {
        _ if !said.is_empty() => Err(said),
        Probe::Outcome(outcome) => Ok(outcome.value),
        Probe::NotOpen | Probe::NotDefined => Ok(None),
    }
}
