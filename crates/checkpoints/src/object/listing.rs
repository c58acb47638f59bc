//! The objects of a store in a bucket, by their keys.

use std::collections::BTreeMap;

use object_store::path::Path as ObjectPath;

use crate::directory::MARKER;
use crate::manifest;
use crate::names::is_trial_name;
use crate::stamp::Stamp;

const CHECKPOINTS: &str = "checkpoints";
pub(super) const DATA: &str = "data";

/// One checkpoint in a bucket.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) stamp: Stamp,
}

/// What lies below the prefix.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) groups: BTreeMap<Key, Group>,
    /// Keys and sizes of what is none of the store's.
    pub(super) foreign: Vec<(String, u64)>,
}

/// The objects of one checkpoint.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) marked: bool,
    pub(super) data: Vec<ObjectPath>,
    pub(super) bytes: u64,
}

impl Key {
    /// The part of the prefix that holds checkpoints.
    pub(super) fn all() -> String {
        CHECKPOINTS.to_owned()
    }

    /// The part of it that holds those of one trial.
    pub(super) fn of_trial(name: &str) -> String {
        format!("{CHECKPOINTS}/{name}")
    }

    pub(super) fn folder(&self) -> String {
        format!("{CHECKPOINTS}/{}/{}", self.name, self.stamp)
    }
}

impl Listing {
    /// The committed checkpoints.
    pub(super) fn marked(&self) -> Vec<Key> {
        let marked = self.groups.iter().filter(|(_, group)| group.marked);
        marked.map(|(key, _)| key.clone()).collect()
    }

    pub(super) fn bytes(&self, key: &Key) -> u64 {
        self.groups.get(key).map_or(0, |group| group.bytes)
    }

    pub(super) fn add(&mut self, prefix: &ObjectPath, object: object_store::ObjectMeta) {
        let location = object.location;
        let parts = location.prefix_match(prefix).map(|parts| {
            let parts: Vec<String> = parts.map(|part| part.as_ref().to_owned()).collect();
            parts
        });
        let parts = parts.unwrap_or_default();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let (name, stamp, marked) = match parts[..] {
            [MARKER] => return,
            [CHECKPOINTS, name, stamp, manifest::FILE] => (name, stamp, true),
            [CHECKPOINTS, name, stamp, DATA, _] => (name, stamp, false),
            _ => ("", "", false),
        };
        match Stamp::parse(stamp).filter(|_| is_trial_name(name)) {
            Some(stamp) => {
                let name = name.to_owned();
                let group = self.groups.entry(Key { name, stamp }).or_default();
                if marked {
                    group.marked = true;
                } else {
                    group.data.push(location);
                    group.bytes += object.size;
                }
            }
            None => self.foreign.push((location.to_string(), object.size)),
        }
    }
}
