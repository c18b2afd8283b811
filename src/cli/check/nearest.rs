//! The known name that is nearest to a misspelt one.

/// Longer names are not compared.
const MAX_LEN: usize = 64;

/// The name among `known` that needs the fewest changes to become `name`, if they are few enough to be a slip.
pub(super) fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let name = name.to_ascii_lowercase();
    if name.is_empty() || name.len() > MAX_LEN {
        return None;
    }
    let most = (name.len() / 3).max(1);
    let rated = known.into_iter().filter(|k| k.len() <= MAX_LEN).map(|k| (distance(&name, &k.to_ascii_lowercase()), k));
    let (changes, best) = rated.min_by_key(|(changes, _)| *changes)?;
    (changes <= most).then_some(best)
}

/// `write NAME`, or nothing when no name is near.
pub(super) fn advice<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    nearest(name, known).map_or_else(String::new, |best| format!("write {best}"))
}

/// Insertions, deletions, replacements and swaps of neighbours between two names.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1; b.len() + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], n: usize| row.get(n).copied().unwrap_or(usize::MAX / 2);
            let mut best = (at(&last, j) + usize::from(x != y)).min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            if let Some(slot) = row.get_mut(j + 1) {
                *slot = best;
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("ab", "ba"), 1);
        let known = ["MaxHopCount", "MaxMessageSize", "AliasFile"];
        assert_eq!(nearest("MaxHopCuont", known), Some("MaxHopCount"));
        assert_eq!(nearest("AliasFiles", known), Some("AliasFile"));
        assert_eq!(nearest("Something", known), None);
    }
}
