use std::collections::{BTreeMap, HashMap, HashSet};

use foldhash::fast::FixedState;

use crate::choose::{Doomed, Status};

/// What a row of a [`RunTable`] tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunRow<'a> {
    /// The trial.
    pub trial: &'a str,
    /// Units of resource since the start of the trial, at least 1.
    pub resource: u64,
    /// The metric reported there; what is no finite number is a bad one.
    pub metric: f64,
    /// Seconds from the resource reported before to this one, where they are known.
    pub seconds: Option<f64>,
    /// Size of the checkpoint, where the trial has one and that is known.
    pub bytes: Option<u64>,
    /// Where the checkpoint lies, if there is one.
    pub path: Option<&'a str>,
    /// What the trial is doing; the last row that tells it counts.
    pub status: Option<Status>,
}

impl<'a> RunRow<'a> {
    /// A report, and nothing else.
    #[must_use]
    pub fn new(trial: &'a str, resource: u64, metric: f64) -> Self {
        Self {
            trial,
            resource,
            metric,
            seconds: None,
            bytes: None,
            path: None,
            status: None,
        }
    }
}

/// What the trials of a run have reported so far, and what they hold.
///
/// ```
/// use rungkeeper_tuner::choose::{RunRow, RunTable};
///
/// let mut table = RunTable::new("my run", "loss");
/// table.push(&RunRow::new("a", 1, 0.5));
/// table.push(&RunRow { path: Some("a/1.pt"), ..RunRow::new("a", 3, 0.4) });
/// assert_eq!((table.len(), table.num_trials(), table.max_resource()), (2, 1, 3));
/// ```
#[derive(Clone, Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // which columns there are
pub struct RunTable {
    name: String,
    metric: String,
    /// The name of the column of resources, if another than the usual one was read.
    pub(super) resource: Option<String>,
    numbers: HashMap<Box<str>, u32, FixedState>,
    pub(super) trials: Vec<Trial>,
    pub(super) rows: Vec<Row>,
    pub(super) has_paths: bool,
    pub(super) has_bytes: bool,
    pub(super) has_seconds: bool,
    /// Whether seconds count from the start of the trial.
    pub(super) cumulative: bool,
}

/// What is known of a trial beside its reports.
#[derive(Clone, Debug)]
pub(super) struct Trial {
    pub(super) id: Box<str>,
    pub(super) status: Option<Status>,
    pub(super) bytes: Option<u64>,
    /// Each path once, with its size.
    pub(super) paths: Vec<(Box<str>, Option<u64>)>,
    pub(super) highest: u64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) trial: u32,
    pub(super) resource: u64,
    pub(super) metric: f64,
    pub(super) seconds: Option<f64>,
    /// The place of its path among those of the trial.
    pub(super) path: Option<u32>,
}

impl Trial {
    /// The bytes of its checkpoint, where they are told: those of all its paths, or one size for all.
    pub(super) fn size(&self) -> Option<u64> {
        let sizes = self.paths.iter().filter_map(|(_, bytes)| *bytes);
        sizes.reduce(u64::saturating_add).or(self.bytes)
    }
}

impl RunTable {
    /// A table without rows. The name stands for it in messages; the name of the metric may tell whether large is good.
    #[must_use]
    pub fn new(name: impl Into<String>, metric: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            metric: metric.into(),
            ..Self::default()
        }
    }

    /// Says that the table tells paths, also where no row has one: then no trial holds a checkpoint.
    #[must_use]
    pub fn with_paths(self) -> Self {
        Self {
            has_paths: true,
            ..self
        }
    }

    /// Says that the table tells sizes, likewise.
    #[must_use]
    pub fn with_bytes(self) -> Self {
        Self {
            has_bytes: true,
            ..self
        }
    }

    /// Adds a row behind the others.
    pub fn push(&mut self, row: &RunRow<'_>) {
        let number = self.number(row.trial);
        let trial = &mut self.trials[number as usize];
        trial.highest = trial.highest.max(row.resource);
        self.has_seconds |= row.seconds.is_some();
        let path = self.add(number, row.status, row.bytes, row.path);
        self.rows.push(Row {
            trial: number,
            resource: row.resource,
            metric: row.metric,
            seconds: row.seconds,
            path,
        });
    }

    /// Tells what a trial is doing and holds, without a report.
    ///
    /// ```
    /// use rungkeeper_tuner::choose::{RunTable, Status};
    ///
    /// let mut table = RunTable::new("my run", "loss");
    /// table.tell("a", Status::Running, None, None); // it has not reported yet
    /// assert_eq!((table.len(), table.num_trials()), (0, 1));
    /// ```
    pub fn tell(&mut self, trial: &str, status: Status, bytes: Option<u64>, path: Option<&str>) {
        let number = self.number(trial);
        self.add(number, Some(status), bytes, path);
    }

    /// Notes what is told beside a report; the place of the path among those of the trial.
    fn add(
        &mut self,
        number: u32,
        status: Option<Status>,
        bytes: Option<u64>,
        path: Option<&str>,
    ) -> Option<u32> {
        let trial = &mut self.trials[number as usize];
        trial.status = status.or(trial.status);
        trial.bytes = bytes.or(trial.bytes);
        self.has_bytes |= bytes.is_some();
        let path = path?;
        self.has_paths = true;
        let known = trial.paths.iter().position(|(known, _)| **known == *path);
        let place = known.unwrap_or_else(|| {
            trial.paths.push((path.into(), None));
            trial.paths.len() - 1
        });
        let size = &mut trial.paths[place].1;
        *size = bytes.or(*size);
        Some(place as u32)
    }

    /// The number of a trial, which is added if it is new.
    fn number(&mut self, trial: &str) -> u32 {
        if let Some(&number) = self.numbers.get(trial) {
            return number;
        }
        let number = self.trials.len() as u32;
        self.numbers.insert(trial.into(), number);
        self.trials.push(Trial {
            id: trial.into(),
            status: None,
            bytes: None,
            paths: Vec::new(),
            highest: 0,
        });
        number
    }

    /// The name given to it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of the metric.
    #[must_use]
    pub fn metric(&self) -> &str {
        &self.metric
    }

    /// The name of the column of resources that was read, `resource` without one.
    ///
    /// ```
    /// use rungkeeper_tuner::choose::{RunTable, TableOptions};
    /// use rungkeeper_tuner::curves::ReadOptions;
    ///
    /// let reports = ReadOptions::new().resource_column("epoch");
    /// let options = TableOptions { reports, ..TableOptions::default() };
    /// let table = RunTable::read("trial,epoch,loss\na,1,0.5\n".as_bytes(), "run.csv", &options)?;
    /// assert_eq!(table.resource_name(), "epoch");
    /// # Ok::<(), rungkeeper_tuner::curves::CurveError>(())
    /// ```
    #[must_use]
    pub fn resource_name(&self) -> &str {
        self.resource.as_deref().unwrap_or("resource")
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Number of trials.
    #[must_use]
    pub fn num_trials(&self) -> usize {
        self.trials.len()
    }

    /// The largest resource reported, 0 without rows.
    #[must_use]
    pub fn max_resource(&self) -> u64 {
        let highest = self.trials.iter().map(|trial| trial.highest);
        highest.max().unwrap_or(0)
    }

    /// Whether a path is told for some trial.
    #[must_use]
    pub fn has_paths(&self) -> bool {
        self.has_paths
    }

    /// The rows in the order of the reports: those of a trial whose resources fall are put in order, in their places.
    pub(super) fn in_order(&self) -> Vec<Row> {
        let mut rows = self.rows.clone();
        // A resource that comes first after a higher one: the trial did not train again, its rows were turned around.
        let mut disordered = HashSet::new();
        let mut seen = HashSet::with_capacity_and_hasher(rows.len(), FixedState::default());
        let mut highest = vec![0; self.trials.len()];
        for row in &rows {
            let highest = &mut highest[row.trial as usize];
            if seen.insert((row.trial, row.resource)) && row.resource < *highest {
                disordered.insert(row.trial);
            }
            *highest = row.resource.max(*highest);
        }
        let mut places: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (place, row) in rows.iter().enumerate() {
            if disordered.contains(&row.trial) {
                places.entry(row.trial).or_default().push(place);
            }
        }
        for places in places.into_values() {
            let mut of_trial: Vec<Row> = places.iter().map(|&place| rows[place]).collect();
            of_trial.sort_by_key(|row| row.resource);
            for (place, row) in places.into_iter().zip(of_trial) {
                rows[place] = row;
            }
        }
        rows
    }

    /// Whether a trial holds a checkpoint, unless its status says otherwise.
    pub(super) fn holds(&self, trial: &Trial) -> bool {
        if self.has_paths {
            !trial.paths.is_empty()
        } else {
            !self.has_bytes || trial.bytes.is_some_and(|bytes| bytes > 0)
        }
    }

    pub(super) fn find(&self, trial: &str) -> Option<&Trial> {
        let number = *self.numbers.get(trial)?;
        self.trials.get(number as usize)
    }

    /// Tells what is lost in seconds, where those are known. The rows are in order.
    pub(super) fn add_seconds(&self, rows: &[Row], removals: &mut [Doomed]) {
        if !self.has_seconds {
            return;
        }
        // Of each trial: seconds, and the resource up to which they count.
        let mut elapsed = vec![(0.0, 0); self.trials.len()];
        let mut levels = vec![0; self.trials.len()];
        let number = |doomed: &Doomed| self.numbers.get(&*doomed.trial).map(|&it| it as usize);
        let numbers: Vec<Option<usize>> = removals.iter().map(number).collect();
        for (doomed, number) in removals.iter().zip(&numbers) {
            if let Some(number) = *number {
                levels[number] = doomed.level;
            }
        }
        for row in rows {
            let number = row.trial as usize;
            let (so_far, counted) = elapsed[number];
            // What is trained again took its time once already.
            let counts = row.resource > counted && row.resource <= levels[number];
            if let Some(seconds) = row.seconds.filter(|_| counts) {
                let before = if self.cumulative { 0.0 } else { so_far };
                elapsed[number] = (before + seconds, row.resource);
            }
        }
        for (doomed, number) in removals.iter_mut().zip(numbers) {
            let elapsed = number.map_or(0.0, |number| elapsed[number].0);
            doomed.expected_seconds = doomed.chance.map(|chance| chance * elapsed);
        }
    }
}
