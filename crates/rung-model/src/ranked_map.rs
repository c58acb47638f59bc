//! An ordered map that knows the rank of each key: sorted blocks under a Fenwick tree of lengths.

use alloc::vec::Vec;

/// Most entries a block holds; a full one is split in two.
const BLOCK: usize = 256;

/// Ordered map with ranks in logarithmic time.
///
/// Sorted blocks of at most 256 entries, the largest key of each in an array of its own, and a
/// Fenwick tree over the block lengths. A look-up is two binary searches, a rank adds one walk down
/// the Fenwick tree, an insertion moves at most one block. The tree is rebuilt when the number of
/// blocks changes, once in at least 64 changes of a block's length.
#[derive(Clone, Debug)]
pub(crate) struct RankedMap<K, V> {
    blocks: Vec<Vec<(K, V)>>,
    largest: Vec<K>,
    lengths: Fenwick,
    len: usize,
}

impl<K: Ord + Copy, V: Copy> RankedMap<K, V> {
    pub(crate) fn new() -> Self {
        Self {
            blocks: Vec::new(),
            largest: Vec::new(),
            lengths: Fenwick::default(),
            len: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Adds an entry, whose key must be new, and returns its rank.
    pub(crate) fn insert(&mut self, key: K, value: V) -> usize {
        if self.blocks.is_empty() {
            self.blocks.push(Vec::with_capacity(BLOCK));
            self.largest.push(key);
            self.lengths.rebuild(&self.blocks);
        }
        let b = self.block_for(&key).min(self.blocks.len() - 1);
        let at = Self::position(&self.blocks[b], &key);
        debug_assert!(self.blocks[b].get(at).is_none_or(|entry| entry.0 != key));
        self.blocks[b].insert(at, (key, value));
        self.largest[b] = self.largest[b].max(key);
        self.len += 1;
        let rank = self.lengths.sum(b) + at;
        if self.blocks[b].len() < BLOCK {
            self.lengths.update(b, |length| *length += 1);
        } else {
            self.split(b);
        }
        rank
    }

    /// Takes an entry out, if it is there.
    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let b = self.block_for(key);
        let block = self.blocks.get_mut(b)?;
        let at = Self::position(block, key);
        if block.get(at).is_none_or(|entry| entry.0 != *key) {
            return None;
        }
        let (_, value) = block.remove(at);
        self.len -= 1;
        if let Some(&(largest, _)) = block.last() {
            self.largest[b] = largest;
        }
        if !self.merge(b) {
            self.lengths.update(b, |length| *length -= 1);
        }
        Some(value)
    }

    /// Number of entries with a smaller key.
    pub(crate) fn rank(&self, key: &K) -> usize {
        let b = self.block_for(key);
        match self.blocks.get(b) {
            Some(block) => self.lengths.sum(b) + Self::position(block, key),
            None => self.len,
        }
    }

    /// Number of entries with a smaller key, and the largest of those keys.
    pub(crate) fn rank_and_before(&self, key: &K) -> (usize, Option<K>) {
        let b = self.block_for(key);
        let block = self.blocks.get(b).map_or(&[][..], Vec::as_slice);
        let at = Self::position(block, key);
        let before = match at.checked_sub(1) {
            Some(before) => Some(block[before].0),
            // The largest key of the block before this one.
            None => b.checked_sub(1).map(|before| self.largest[before]),
        };
        (self.lengths.sum(b) + at, before)
    }

    /// The key with `rank` smaller ones, if there are more than `rank` entries.
    pub(crate) fn select(&self, rank: usize) -> Option<K> {
        let (b, before) = self.lengths.find(rank);
        let block = self.blocks.get(b)?;
        block.get(rank - before).map(|entry| entry.0)
    }

    /// Entries in ascending order.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (K, V)> {
        self.blocks.iter().flatten().copied()
    }

    /// The first block whose largest key is not smaller; the number of blocks if there is none.
    fn block_for(&self, key: &K) -> usize {
        self.largest.partition_point(|largest| largest < key)
    }

    fn position(block: &[(K, V)], key: &K) -> usize {
        block.partition_point(|entry| entry.0 < *key)
    }

    fn split(&mut self, b: usize) {
        // At the end keep the block nearly full, so that ascending arrivals fill their blocks.
        let keep = if b + 1 == self.blocks.len() {
            BLOCK - BLOCK / 4
        } else {
            BLOCK / 2
        };
        let mut upper = Vec::with_capacity(BLOCK);
        upper.extend(self.blocks[b].drain(keep..));
        self.largest.insert(b, self.blocks[b][keep - 1].0);
        self.blocks.insert(b + 1, upper);
        self.lengths.rebuild(&self.blocks);
    }

    /// Joins a block that became small with a neighbour, or drops it when it is empty. Returns
    /// whether it did.
    fn merge(&mut self, b: usize) -> bool {
        let length = self.blocks[b].len();
        if length == 0 {
            self.blocks.remove(b);
            self.largest.remove(b);
        } else if length < BLOCK / 4 && self.joins(b) {
            self.join(b);
        } else if length < BLOCK / 4 && b > 0 && self.joins(b - 1) {
            self.join(b - 1);
        } else {
            return false;
        }
        self.lengths.rebuild(&self.blocks);
        true
    }

    fn joins(&self, b: usize) -> bool {
        b + 1 < self.blocks.len() && self.blocks[b].len() + self.blocks[b + 1].len() < BLOCK / 2
    }

    fn join(&mut self, b: usize) {
        let upper = self.blocks.remove(b + 1);
        self.blocks[b].extend(upper);
        self.largest.remove(b);
    }
}

/// Prefix sums of block lengths, with updates, in logarithmic time (Fenwick 1994).
#[derive(Clone, Debug, Default)]
struct Fenwick {
    /// `tree[i - 1]` is the sum of the `lowest set bit of i` lengths that end at block `i - 1`.
    tree: Vec<usize>,
}

impl Fenwick {
    fn rebuild<T>(&mut self, blocks: &[Vec<T>]) {
        self.tree.clear();
        self.tree.extend(blocks.iter().map(Vec::len));
        for i in 1..=self.tree.len() {
            let parent = i + lowest_bit(i);
            if parent <= self.tree.len() {
                self.tree[parent - 1] += self.tree[i - 1];
            }
        }
    }

    /// The length of a block has changed, as `change` does.
    fn update(&mut self, block: usize, change: impl Fn(&mut usize)) {
        let mut i = block + 1;
        while i <= self.tree.len() {
            change(&mut self.tree[i - 1]);
            i += lowest_bit(i);
        }
    }

    /// Sum of the lengths of the first `blocks` blocks.
    fn sum(&self, blocks: usize) -> usize {
        let (mut i, mut sum) = (blocks, 0);
        while i > 0 {
            sum += self.tree[i - 1];
            i &= i - 1;
        }
        sum
    }

    /// The block that holds the entry with `rank` entries before it, and the number of entries
    /// before that block. Beyond the last entry: the number of blocks.
    fn find(&self, rank: usize) -> (usize, usize) {
        let (mut block, mut before) = (0, 0);
        let mut step = (self.tree.len() + 1).next_power_of_two() / 2;
        while step > 0 {
            if let Some(&length) = self.tree.get(block + step - 1)
                && before + length <= rank
            {
                block += step;
                before += length;
            }
            step /= 2;
        }
        (block, before)
    }
}

fn lowest_bit(i: usize) -> usize {
    i & i.wrapping_neg()
}

#[cfg(test)]
mod tests {
    //! How full the blocks are, which no rank shows; those are compared with a plain list in `tests/rung.rs`.
    use core::ops::Range;

    use super::*;

    fn filled(keys: impl Iterator<Item = u32>) -> RankedMap<u32, ()> {
        let mut map = RankedMap::new();
        keys.for_each(|key| _ = map.insert(key, ()));
        map
    }

    /// The lengths of the blocks after keys were taken out.
    fn without(map: &mut RankedMap<u32, ()>, keys: Range<u32>) -> Vec<usize> {
        keys.for_each(|key| assert_eq!(map.remove(&key), Some(())));
        map.blocks.iter().map(Vec::len).collect()
    }

    #[test]
    fn blocks_stay_between_a_quarter_and_full() {
        let descending = without(&mut filled((0..1000).rev()), 0..0);
        assert_eq!(descending, [168, 128, 128, 128, 128, 128, 128, 64]);
        let mut map = filled(0..1000);
        assert_eq!(without(&mut map, 0..0), [192, 192, 192, 192, 232]);
        // One below a quarter is joined with the next or the last one if both are less than half.
        assert_eq!(without(&mut map, 192..321), [192, 63, 192, 192, 232]);
        assert_eq!(without(&mut map, 384..512), [192, 63, 64, 192, 232]);
        assert_eq!(without(&mut map, 321..322), [192, 126, 192, 232]);
        assert_eq!(without(&mut map, 576..766), [192, 126, 2, 232]);
        assert_eq!(without(&mut map, 766..767), [192, 127, 232]);
        assert_eq!(without(&mut map, 0..191), [1, 127, 232]);
        assert_eq!(without(&mut map, 191..192), [127, 232]);
        assert_eq!(without(&mut map, 768..936), [127, 64]);
        assert_eq!(without(&mut map, 936..999), [127, 1]);
        assert_eq!(without(&mut map, 322..384), [65, 1]);
        assert_eq!(without(&mut map, 512..514), [64]);
    }
}
