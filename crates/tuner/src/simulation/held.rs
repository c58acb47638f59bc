//! Checkpoints held over time, thinned as they come.

/// Most stretches of turns of which the extremes are kept.
const STRETCHES: usize = 198;

/// Checkpoints held after each turn, as at most 400 points: the first, the last, and of each of up
/// to 198 stretches of turns of equal number the least and the most.
#[derive(Clone, Debug)]
pub(super) struct Held {
    first: Option<(f64, u64)>,
    last: Option<(f64, u64)>,
    /// Turns in a full stretch, a power of two.
    turns_each: u64,
    /// Turns in the last stretch.
    turns: u64,
    stretches: Vec<Extremes>,
}

/// The first points at which the least and the most were held.
#[derive(Clone, Copy, Debug)]
struct Extremes {
    least: (f64, u64),
    most: (f64, u64),
}

impl Extremes {
    fn join(&mut self, later: &Self) {
        if later.least.1 < self.least.1 {
            self.least = later.least;
        }
        if later.most.1 > self.most.1 {
            self.most = later.most;
        }
    }

    fn in_order(self) -> [(f64, u64); 2] {
        if self.least.0 <= self.most.0 {
            [self.least, self.most]
        } else {
            [self.most, self.least]
        }
    }
}

impl Held {
    pub(super) fn new() -> Self {
        Self {
            first: None,
            last: None,
            turns_each: 1,
            turns: 0,
            stretches: Vec::with_capacity(STRETCHES),
        }
    }

    /// Notes how many are held after a turn.
    pub(super) fn push(&mut self, seconds: f64, held: u64) {
        let point = (seconds, held);
        self.first.get_or_insert(point);
        self.last = Some(point);
        let extremes = Extremes {
            least: point,
            most: point,
        };
        if self.turns < self.turns_each
            && let Some(stretch) = self.stretches.last_mut()
        {
            stretch.join(&extremes);
            self.turns += 1;
            return;
        }
        if self.stretches.len() == STRETCHES {
            self.join_pairs();
        }
        self.stretches.push(extremes);
        self.turns = 1;
    }

    fn join_pairs(&mut self) {
        for pair in 0..STRETCHES / 2 {
            let later = self.stretches[2 * pair + 1];
            self.stretches[pair] = self.stretches[2 * pair];
            self.stretches[pair].join(&later);
        }
        self.stretches.truncate(STRETCHES / 2);
        self.turns_each *= 2;
    }

    /// The points, in order of time.
    pub(super) fn into_points(self) -> Vec<(f64, u64)> {
        let between = self.stretches.iter().flat_map(|stretch| stretch.in_order());
        let mut points: Vec<(f64, u64)> = self
            .first
            .into_iter()
            .chain(between)
            .chain(self.last)
            .collect();
        points.dedup();
        points
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thinned(turns: u64, held: impl Fn(u64) -> u64) -> Vec<(f64, u64)> {
        let mut all = Held::new();
        for turn in 0..turns {
            all.push(turn as f64, held(turn));
        }
        all.into_points()
    }

    #[test]
    fn few_turns_are_all_kept() {
        let points = thinned(150, |turn| turn % 7);
        assert_eq!(points.len(), 150);
        assert!(points.iter().all(|&(time, held)| held == time as u64 % 7));
        assert!(thinned(0, |_| 0).is_empty());
    }

    #[test]
    fn extremes_and_ends_are_kept() {
        for turns in [398, 1_000, 10_007, 200_000] {
            let at = |turn: u64| match turn {
                333 => 0,
                345 => 99,
                _ => 10 + turn % 13,
            };
            let points = thinned(turns, at);
            assert!(points.len() <= 400, "{}", points.len());
            assert!(points.is_sorted_by(|one, next| one.0 <= next.0));
            assert!(points.contains(&(333.0, 0)) && points.contains(&(345.0, 99)));
            assert_eq!(points[0], (0.0, 10));
            assert_eq!(
                points[points.len() - 1],
                ((turns - 1) as f64, at(turns - 1))
            );
        }
    }
}
