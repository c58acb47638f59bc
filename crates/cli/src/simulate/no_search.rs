//! Where there is no runner there are no search programs.

use rungkeeper_tuner::curves::ReadOptions;
use rungkeeper_tuner::simulation::{Cell, Conditions, CurveSearch, Curves};
use rungkeeper_tuner_hooks::{BoxError, Mode};

use crate::simulate::Arguments;

/// There is none.
pub(super) enum Search {}

impl Search {
    pub(super) fn of(_: &Arguments) -> anyhow::Result<Option<Self>> {
        Ok(None)
    }

    pub(super) fn file(&self) -> &str {
        match *self {}
    }

    pub(super) fn columns(&self, _: ReadOptions) -> ReadOptions {
        match *self {}
    }

    pub(super) fn mode(&self) -> Mode {
        match *self {}
    }

    pub(super) fn check(&self, _: &Curves) -> anyhow::Result<()> {
        match *self {}
    }

    pub(super) fn of_run(
        &self,
        _: &Curves,
        _: &Conditions,
        _: &Cell,
    ) -> Result<Option<Box<dyn CurveSearch>>, BoxError> {
        match *self {}
    }

    pub(super) fn without_place(&self, _: &str) -> String {
        match *self {}
    }
}
