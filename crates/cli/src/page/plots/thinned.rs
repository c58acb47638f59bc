//! Fewer points with the same picture.

/// What is seen of `points`, from left to right, in a plot with that many columns: of each column
/// the first point, the last, and those with the least and the largest value.
pub(super) fn steps(points: &[(f64, f64)], columns: usize) -> Vec<(f64, f64)> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return Vec::new();
    };
    let width = (last.0 - first.0) / columns as f64;
    if points.len() <= 4 * columns || !(width > 0.0) {
        return points.to_vec();
    }
    let column = |point: &(f64, f64)| ((point.0 - first.0) / width) as usize;
    let mut kept = Vec::new();
    for run in points.chunk_by(|one, next| column(one) == column(next)) {
        let value = |index: &usize| run[*index].1;
        let by_value = |one: &usize, other: &usize| value(one).total_cmp(&value(other));
        let least = (0..run.len()).min_by(by_value).unwrap_or(0);
        let largest = (0..run.len()).max_by(by_value).unwrap_or(0);
        let mut indices = [0, least, largest, run.len() - 1];
        indices.sort_unstable();
        kept.extend(indices.map(|index| run[index]));
        kept.dedup();
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_extremes_stay() {
        let value = |index: u32| match index {
            5000 => 9.0,
            7000 => -9.0,
            index => f64::from(index % 3),
        };
        let points: Vec<_> = (0..10_000).map(|i| (f64::from(i), value(i))).collect();
        let kept = steps(&points, 100);
        assert!(kept.len() <= 404, "{}", kept.len());
        assert!(kept.contains(&(5000.0, 9.0)) && kept.contains(&(7000.0, -9.0)));
        assert_eq!((kept[0], kept[kept.len() - 1]), (points[0], points[9999]));
        assert!(kept.is_sorted_by(|one, next| one.0 < next.0));
    }

    #[test]
    fn few_points_and_one_moment_stay_as_they_are() {
        let points = [(0.0, 1.0), (0.5, 2.0), (9.0, 1.0)];
        assert_eq!(steps(&points, 100), points);
        assert_eq!(steps(&[], 100), []);
        let moment: Vec<_> = (0..1000).map(|i| (1.0, f64::from(i))).collect();
        assert_eq!(steps(&moment, 10), moment);
    }
}
