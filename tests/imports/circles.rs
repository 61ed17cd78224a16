//! Circles in a graph of who names whom.

use std::collections::BTreeSet;

use super::{Graph, Path};

/// Groups whose members all reach each other: the strongly connected components of more than one.
pub(crate) fn circles(graph: &Graph) -> Vec<BTreeSet<Path>> {
    let mut found: Vec<BTreeSet<Path>> = Vec::new();
    for start in graph.keys().filter(|start| reached(graph, start).contains(start)) {
        if !found.iter().any(|circle| circle.contains(start)) {
            let and_back = |other: &&Path| reached(graph, other).contains(start);
            found.push(reached(graph, start).into_iter().filter(and_back).cloned().collect());
        }
    }
    found
}

fn reached<'a>(graph: &'a Graph, start: &Path) -> BTreeSet<&'a Path> {
    let mut found = BTreeSet::new();
    let mut open = vec![start];
    while let Some(from) = open.pop() {
        for to in graph.get(from).into_iter().flat_map(std::collections::BTreeMap::keys) {
            if found.insert(to) {
                open.push(to);
            }
        }
    }
    found
}

/// What is to be cut: the circle's members, each with whom in the circle it names, and where.
pub(crate) fn described(graph: &Graph, circle: &BTreeSet<Path>) -> String {
    let mut lines = vec![format!("a circle of {}:", circle.len())];
    for from in circle {
        for (to, reason) in graph[from].iter().filter(|(to, _)| circle.contains(*to)) {
            lines.push(format!("  {} names {} ({reason})", from.join("/"), to.join("/")));
        }
    }
    lines.join("\n")
}
