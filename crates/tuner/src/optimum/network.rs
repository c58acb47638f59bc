//! The flow along a line of stretches, by successive shortest paths.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Stay;
use super::timeline::{Part, Span};

/// One part of the problem as a network: node `i` is the start of stretch `i`, the last node the
/// end.
#[derive(Debug)]
pub(super) struct Network<'a> {
    spans: &'a [Span],
    /// What a unit of flow over each span costs: minus the weight of its stay.
    cost: Vec<i128>,
    /// Whether the span carries its one unit.
    used: Vec<bool>,
    line: Vec<LineEdge>,
    /// The spans at node `i` are `at_node[node_start[i]..node_start[i + 1]]`.
    node_start: Vec<usize>,
    at_node: Vec<usize>,
    /// The price of a unit below the lower bound of a line edge.
    price: i128,
    units: usize,
}

/// The edge from a stretch to the next: units that use no stay over it.
#[derive(Clone, Copy, Debug)]
struct LineEdge {
    flow: usize,
    /// The units that it must carry at least; each of them costs minus the price.
    bound: usize,
}

/// How a shortest path comes to a node.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Along the line, from the node before.
    Forward,
    /// Against the line: takes flow back.
    Back,
    /// Over a span, forward if it is unused and back if it is used.
    Span(usize),
}

impl<'a> Network<'a> {
    /// `total` is the sum of all weights.
    pub(super) fn new(part: &'a Part<'_>, stays: &[Stay], total: u64) -> Self {
        let units = part.room.iter().copied().max().unwrap_or(0);
        let nodes = part.room.len() + 1;
        let mut node_start = vec![0; nodes + 1];
        for span in &part.spans {
            node_start[span.from + 1] += 1;
            node_start[span.until + 1] += 1;
        }
        for node in 0..nodes {
            node_start[node + 1] += node_start[node];
        }
        let mut next = node_start.clone();
        let mut at_node = vec![0; 2 * part.spans.len()];
        for (index, span) in part.spans.iter().enumerate() {
            for node in [span.from, span.until] {
                at_node[next[node]] = index;
                next[node] += 1;
            }
        }
        Self {
            spans: &part.spans,
            cost: part
                .spans
                .iter()
                .map(|span| -i128::from(stays[span.stay].weight))
                .collect(),
            used: vec![false; part.spans.len()],
            line: part
                .room
                .iter()
                .map(|&room| LineEdge {
                    flow: 0,
                    bound: units - room,
                })
                .collect(),
            node_start,
            at_node,
            price: i128::from(total) + 1,
            units,
        }
    }

    /// The stays of largest total weight that fit, as positions in the caller's list.
    pub(super) fn largest_weight(mut self) -> impl Iterator<Item = usize> {
        let mut search = Search::new(self.first_potentials());
        let mut left = self.units;
        while left > 0 && search.run(&self) < 0 {
            left -= self.augment(&search.step, left);
        }
        self.spans
            .iter()
            .zip(self.used)
            .filter(|&(_, used)| used)
            .map(|(span, _)| span.stay)
    }

    fn end(&self) -> usize {
        self.line.len()
    }

    /// Shortest distances from node 0 while there is no flow: all edges go forward.
    fn first_potentials(&self) -> Vec<i128> {
        let mut potential = vec![0; self.line.len() + 1];
        for node in 0..self.line.len() {
            let here = potential[node];
            // No edge has a positive cost, so no distance is above 0.
            potential[node + 1] = here
                .min(potential[node + 1])
                .min(here + self.line[node].forward_cost(self.price));
            for &span in self
                .spans_at(node)
                .iter()
                .filter(|&&span| self.spans[span].from == node)
            {
                let until = self.spans[span].until;
                potential[until] = potential[until].min(here + self.cost[span]);
            }
        }
        potential
    }

    fn spans_at(&self, node: usize) -> &[usize] {
        &self.at_node[self.node_start[node]..self.node_start[node + 1]]
    }

    /// Calls `visit` with each edge of the residual network that leaves `node`: step, head, cost.
    fn for_each_edge(&self, node: usize, mut visit: impl FnMut(Step, usize, i128)) {
        if let Some(edge) = self.line.get(node) {
            visit(Step::Forward, node + 1, edge.forward_cost(self.price));
        }
        if let Some(cost) = node
            .checked_sub(1)
            .and_then(|before| self.line[before].back_cost(self.price))
        {
            visit(Step::Back, node - 1, cost);
        }
        for &index in self.spans_at(node) {
            let Span { from, until, .. } = self.spans[index];
            match (self.used[index], from == node) {
                (false, true) => visit(Step::Span(index), until, self.cost[index]),
                (true, false) => visit(Step::Span(index), from, -self.cost[index]),
                _ => {}
            }
        }
    }

    /// Sends as many units as the path holds, `most` at most, and returns their number.
    fn augment(&mut self, step: &[Step], most: usize) -> usize {
        let mut units = most;
        let mut node = self.end();
        while node != 0 {
            units = units.min(match step[node] {
                Step::Forward => self.line[node - 1].forward_room(),
                Step::Back => self.line[node].back_room(),
                Step::Span(_) => 1,
            });
            node = self.tail(step[node], node);
        }
        node = self.end();
        while node != 0 {
            let tail = self.tail(step[node], node);
            match step[node] {
                Step::Forward => self.line[tail].flow += units,
                Step::Back => self.line[node].flow -= units,
                Step::Span(index) => self.used[index] = !self.used[index],
            }
            node = tail;
        }
        units
    }

    /// The node that `step` comes from on its way to `head`.
    fn tail(&self, step: Step, head: usize) -> usize {
        match step {
            Step::Forward => head - 1,
            Step::Back => head + 1,
            Step::Span(index) => self.spans[index].from + self.spans[index].until - head,
        }
    }
}

impl LineEdge {
    /// The cost of the next unit.
    fn forward_cost(self, price: i128) -> i128 {
        if self.flow < self.bound { -price } else { 0 }
    }

    /// The cost of taking one unit back, if there is one.
    fn back_cost(self, price: i128) -> Option<i128> {
        (self.flow > 0).then_some(if self.flow > self.bound { 0 } else { price })
    }

    /// How many units more have the cost of the next one.
    fn forward_room(self) -> usize {
        if self.flow < self.bound {
            self.bound - self.flow
        } else {
            usize::MAX
        }
    }

    /// How many units have the cost of the first one taken back.
    fn back_room(self) -> usize {
        if self.flow > self.bound {
            self.flow - self.bound
        } else {
            self.flow
        }
    }
}

/// Dijkstra's algorithm on reduced costs, and its memory.
#[derive(Debug)]
struct Search {
    /// Shortest distances from node 0 in the network of the last run, or lower bounds on them.
    potential: Vec<i128>,
    distance: Vec<i128>,
    /// The last step of the shortest path to each node but the first.
    step: Vec<Step>,
    queue: BinaryHeap<Reverse<(i128, usize)>>,
}

impl Search {
    fn new(potential: Vec<i128>) -> Self {
        let nodes = potential.len();
        Self {
            potential,
            distance: vec![0; nodes],
            step: vec![Step::Forward; nodes],
            queue: BinaryHeap::new(),
        }
    }

    /// Finds a shortest path to the end and returns its cost. There always is one: the line.
    fn run(&mut self, network: &Network<'_>) -> i128 {
        let end = network.end();
        self.distance.fill(i128::MAX);
        self.distance[0] = 0;
        self.queue.clear();
        self.queue.push(Reverse((0, 0)));
        while let Some(Reverse((distance, node))) = self.queue.pop() {
            if node == end {
                break;
            }
            if distance == self.distance[node] {
                self.relax(network, node, distance);
            }
        }
        // Nodes not reached before the end are at least as far away as the end.
        let farthest = self.distance[end];
        for (potential, &distance) in self.potential.iter_mut().zip(&self.distance) {
            *potential += distance.min(farthest);
        }
        self.potential[end]
    }

    fn relax(&mut self, network: &Network<'_>, node: usize, distance: i128) {
        let Self {
            potential,
            distance: best,
            step,
            queue,
        } = self;
        network.for_each_edge(node, |taken, head, cost| {
            let reached = distance + cost + potential[node] - potential[head];
            if reached < best[head] {
                best[head] = reached;
                step[head] = taken;
                queue.push(Reverse((reached, head)));
            }
        });
    }
}
