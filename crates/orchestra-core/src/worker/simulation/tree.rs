//! The simulated work tree: what a turn changed, putting it back, verification.

use std::collections::{BTreeMap, BTreeSet};

use super::disk::{Author, Content, Saved, Tree, set};
use super::oracle::is_document;
use super::person::MADE;
use super::world::{Cut, Done, World, before, folder, path};
use crate::id::{MilestoneId, WorkId};
use crate::path::RepoPath;
use crate::repo::{Change, ChangeKind, CommitId};
use crate::worker::{Checked, Fact, Inspection};

impl World {
    /// The agent's own commits go back into the tree; the originals stay under a ref.
    pub(super) fn fold(&mut self, milestone: &MilestoneId, work: &WorkId) -> Done {
        let own: Vec<CommitId> = {
            let ids = self.disk.below(&self.disk.head());
            ids.into_iter().take_while(|id| self.disk.commits[id].author == Author::Agent).collect()
        };
        let Some(oldest) = own.last() else { return Ok(()) };
        let parent = self.disk.commits[oldest].parent.clone().unwrap();
        let head = Some(own[0].clone());
        self.disk.rescue.insert(format!("{milestone}/{work}/own"), Saved { head, ..Saved::default() });
        self.tick()?;
        let branch = self.disk.branch.clone();
        // The index lets go of what the agent put there; what a person staged stays.
        let (theirs, before) = (self.disk.head_tree().clone(), self.disk.commits[&parent].tree.clone());
        for path in theirs.keys().chain(before.keys()).filter(|path| theirs.get(*path) != before.get(*path)) {
            if self.disk.index.get(path) == theirs.get(path) {
                set(&mut self.disk.index, path, before.get(path).cloned());
            }
        }
        self.disk.branches.insert(branch, parent);
        Ok(())
    }

    /// What a path was before the work: as it was saved where it was dirty, else as the head has it.
    pub(super) fn earlier(&self, saved: &Saved, path: &RepoPath) -> Option<Content> {
        let head = saved.head.as_ref().map(|head| &self.disk.commits[head].tree);
        saved.files.get(path).cloned().unwrap_or_else(|| head.and_then(|tree| tree.get(path)).cloned())
    }

    pub(super) fn inspection(
        &self,
        milestone: &MilestoneId,
        work: &WorkId,
        baseline: u32,
        since: u32,
    ) -> Inspection {
        let empty = Saved { head: Some(self.disk.head()), ..Saved::default() };
        let saved = self.disk.rescue.get(&before(milestone, work, baseline)).unwrap_or(&empty);
        let tree = self.disk.head_tree();
        let then = saved.head.as_ref().map_or(tree, |head| &self.disk.commits[head].tree);
        let all: BTreeSet<&RepoPath> =
            then.keys().chain(tree.keys()).chain(self.disk.files.keys()).chain(saved.files.keys()).collect();
        let overtaken: Vec<RepoPath> = all
            .iter()
            .filter(|path| then.get(**path) != tree.get(**path))
            .map(|path| (*path).clone())
            .collect();
        let own = folder(milestone);
        let memory = &self.memory;
        let is_ours =
            |path: &RepoPath, now: Option<&Content>| now.is_some_and(|now| memory.is_ours(path, now.hash()));
        let is_elsewhere =
            |path: &RepoPath| path.is_beneath(b".orchestra/milestones") && !path.is_beneath(own.as_bytes());
        let changes = all.into_iter().filter(|path| !is_elsewhere(path)).filter_map(|path| {
            let (earlier, now) = (self.earlier(saved, path), self.disk.files.get(path));
            // Somebody has committed it, and it is as the head has it now. What was dirty may also just be back at
            // what the head always had: that is a change.
            let is_clean = now == tree.get(path) && self.disk.index.get(path) == tree.get(path);
            let is_heads = if saved.files.contains_key(path) {
                is_clean && tree.get(path) != then.get(path)
            } else {
                now == tree.get(path)
            };
            let changed = earlier.as_ref() != now && !is_heads && !is_ours(path, now);
            let kind = match (earlier.is_some(), now.is_some()) {
                (false, _) => ChangeKind::Added,
                (true, true) => ChangeKind::Modified,
                (true, false) => ChangeKind::Deleted,
            };
            let dirty_before = saved.files.contains_key(path);
            let content = now.map(Content::hash);
            changed.then(|| Change { path: path.clone(), kind, dirty_before, unfit: None, content })
        });
        let changes: Vec<Change> = changes.collect();
        let begun = self.disk.rescue.get(&before(milestone, work, since)).filter(|_| since != baseline);
        let is_as_begun = |path: &RepoPath| {
            begun.is_some_and(|begun| self.earlier(begun, path).as_ref() == self.disk.files.get(path))
        };
        let as_begun = changes.iter().map(|change| change.path.clone()).filter(is_as_begun).collect();
        let base = self.context(milestone).map(|cursor| cursor.base);
        let below = self.disk.below(&self.disk.head());
        Inspection {
            head: self.head(),
            descends: base.is_none_or(|base| below.contains(&base)),
            changes,
            as_begun,
            overtaken,
            rfc_document: self.rfc(milestone),
            folded: None,
            lost: Vec::new(),
            tangled: false,
            restaged: None,
        }
    }

    pub(super) fn put_back(
        &mut self,
        work: WorkId,
        name: &str,
        [baseline, attempt]: &[String; 2],
        paths: &[RepoPath],
        mine: &[RepoPath],
    ) -> Done {
        self.tick()?;
        let is_persons = |path: &&RepoPath| matches!(self.disk.files.get(*path), Some(Content::Text(number)) if self.at_leisure.contains(number));
        if let Some(path) = paths.iter().find(is_persons) {
            return Err(Cut::Broken(format!("put back what was written while no agent ran: {path}")));
        }
        let present: BTreeMap<RepoPath, Option<Content>> =
            paths.iter().map(|path| (path.clone(), self.disk.files.get(path).cloned())).collect();
        let reference = self.disk.save_beside(name, present.clone());
        let empty = Saved { head: Some(self.disk.head()), ..Saved::default() };
        let saved = self.disk.rescue.get(baseline).cloned().unwrap_or(empty);
        let newer = self.disk.rescue.get(attempt).cloned().unwrap_or(saved.clone());
        let mut left = Vec::new();
        for path in paths {
            self.tick()?;
            if self.disk.files.get(path) != present[path].as_ref() {
                // Somebody changed it since it was saved.
                left.push(path.clone());
                continue;
            }
            let is_newer = path.is_beneath(b".orchestra") || mine.contains(path);
            let saved = if is_newer { &newer } else { &saved };
            let now = self.disk.head_tree().get(path).cloned();
            let content = saved.files.get(path).cloned().unwrap_or(now);
            self.disk.write(path, content, true);
        }
        self.queue.push_back(Fact::PutBack { work, reference, left });
        Ok(())
    }

    pub(super) fn verify(&mut self, work: &WorkId, commands: &[String]) -> Vec<Checked> {
        let is_code = |path: &&RepoPath| path.is_beneath(b"src") || path.is_beneath(b"web");
        let code: Tree = self
            .disk
            .files
            .iter()
            .filter(|(path, _)| is_code(path))
            .map(|(path, text)| (path.clone(), text.clone()))
            .collect();
        let is_bad =
            code.values().any(|text| matches!(text, Content::Text(number) if self.bad.contains(number)));
        let is_red = |command: &str| match command.strip_prefix(MADE) {
            Some(name) => !self.disk.files.contains_key(&path(name)),
            None if command == "always-red" => self.schedule.red_base,
            None => is_bad,
        };
        let results: Vec<Checked> = commands
            .iter()
            .map(|command| Checked {
                command: command.clone(),
                green: !is_red(command),
                output: String::new(),
            })
            .collect();
        self.oracle.verifications += 1;
        if *work == WorkId::Base {
            self.oracle.base.clone_from(&results);
        } else if results.iter().all(|result| result.green) {
            self.oracle.verified = Some(self.disk.files.clone());
        }
        if *work != WorkId::Base && std::mem::take(&mut self.coming.taken_back) {
            self.take_back();
        }
        results
    }

    /// The first file that an agent changed is what the head has, as after a `git checkout` in a verify command.
    fn take_back(&mut self) {
        let tree = self.disk.head_tree();
        let is_agents = |content: &Content| matches!(content, Content::Text(number) if self.authors.get(number) == Some(&Author::Agent));
        let mut files = self.disk.files.iter();
        let changed =
            files.find(|(path, now)| !is_document(path) && tree.get(*path) != Some(*now) && is_agents(now));
        if let Some(path) = changed.map(|(path, _)| path.clone()) {
            let earlier = tree.get(&path).cloned();
            self.disk.write(&path, earlier, true);
        }
    }
}
