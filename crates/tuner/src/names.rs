//! What somebody may have meant by a name that is not there.

/// Longest name that is compared: to compare takes time with the square of the length, and nobody misspells what is longer.
const LONGEST: usize = 100;

/// Least similarity of a name to one that may be meant.
const ALIKE: f64 = 0.75;

/// The place of the name most like another one: that of the greatest Jaro-Winkler similarity, if it is above `least`, from 0
/// for nothing in common to 1 for the same; the last of several.
///
/// Names of more than 100 bytes are like none.
///
/// ```
/// use rungkeeper_tuner::nearest_name;
///
/// assert_eq!(nearest_name("wokers", ["space", "workers"], 0.75), Some(1));
/// assert_eq!(nearest_name("wokers", ["space"], 0.75), None);
/// ```
///
/// Source: Winkler 1990, String comparator metrics.
#[must_use]
pub fn nearest_name(
    name: &str,
    names: impl IntoIterator<Item = impl AsRef<str>>,
    least: f64,
) -> Option<usize> {
    if name.len() > LONGEST {
        return None;
    }
    let names = names.into_iter().enumerate();
    let alike = names.filter_map(|(place, other)| {
        let other = other.as_ref();
        let is_short = other.len() <= LONGEST;
        is_short.then(|| (place, strsim::jaro_winkler(name, other)))
    });
    let alike = alike.filter(|&(_, likeness)| likeness > least);
    let nearest = alike.max_by(|one, other| one.1.total_cmp(&other.1));
    nearest.map(|(place, _)| place)
}

/// Most names that are listed where one of them may be meant.
const LISTED: usize = 10;

/// What to say after a name that is not there: the one that may be meant, and which ones there are. Where one may be meant,
/// no more than ten are listed.
///
/// ```
/// use rungkeeper_tuner::known_names;
///
/// let names = ["lr", "workers"];
/// assert_eq!(known_names("wokers", &names), "; did you mean `workers`? There are: lr, workers");
/// assert_eq!(known_names("zzz", &names), "; there are: lr, workers");
/// assert_eq!(known_names("zzz", &[]), "; there is none");
/// ```
#[must_use]
pub fn known_names(name: &str, names: &[&str]) -> String {
    let Some(place) = nearest_name(name, names, ALIKE) else {
        return match names {
            [] => "; there is none".to_owned(),
            _ => format!("; there are: {}", names.join(", ")),
        };
    };
    let (listed, others) = names.split_at(names.len().min(LISTED));
    let more = match others.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let (meant, listed) = (names[place], listed.join(", "));
    format!("; did you mean `{meant}`? There are: {listed}{more}")
}
