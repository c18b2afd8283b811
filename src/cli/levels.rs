//! The levels of `-d`: `21.12`, `0-99.1`, `8,60.5`.

/// How many categories there are.
const CATEGORIES: usize = 100;

/// What each category of debugging output is at.
#[derive(Clone, Debug)]
pub struct Levels([u8; CATEGORIES]);

impl Default for Levels {
    fn default() -> Levels {
        Levels([0; CATEGORIES])
    }
}

impl Levels {
    /// The levels of all `-d` flags, one after the other.
    pub fn of(specs: &[Vec<u8>]) -> Levels {
        let mut levels = Levels::default();
        for spec in specs {
            levels.set(spec);
        }
        levels
    }

    /// Takes over what a flag's value says. Nothing at all is everything at 1.
    pub fn set(&mut self, spec: &[u8]) {
        let number = |text: &[u8]| usize::try_from(crate::cf::options::value::number(text)).unwrap_or(0);
        for part in spec.split(|b| *b == b',') {
            let mut halves = part.splitn(2, |b| *b == b'.');
            let range = halves.next().unwrap_or_default();
            let level = u8::try_from(halves.next().map_or(1, number)).unwrap_or(u8::MAX);
            let mut ends = range.splitn(2, |b| *b == b'-');
            let first = ends.next().unwrap_or_default();
            let (low, high) = match (first.first().is_some_and(u8::is_ascii_digit), ends.next()) {
                (true, Some(high)) => (number(first), number(high)),
                (true, None) => (number(first), number(first)),
                (false, _) if part.is_empty() => (0, CATEGORIES - 1),
                // Categories with names are for the original's own parts.
                (false, _) => continue,
            };
            for slot in self.0.iter_mut().take(high.saturating_add(1)).skip(low) {
                *slot = level;
            }
        }
    }

    /// The level of a category.
    pub fn at(&self, category: usize) -> u8 {
        self.0.get(category).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_levels() {
        let levels = Levels::of(&[b"21.12,0-3.4".to_vec(), b"8".to_vec(), b"ANSI".to_vec()]);
        assert_eq!((levels.at(21), levels.at(2), levels.at(4), levels.at(8)), (12, 4, 0, 1));
        assert_eq!(Levels::of(&[Vec::new()]).at(99), 1);
    }
}
