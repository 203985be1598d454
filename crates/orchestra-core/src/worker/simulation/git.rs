//! The simulated git: commits, the branch, the remote.

use std::collections::BTreeSet;

use super::disk::{Author, Commit, Content, Tree, set};
use super::schedule::Disturbance;
use super::world::{Cut, Done, World, doc_path, edited, folder, path};
use crate::id::{MilestoneId, WorkId};
use crate::path::{ContentHash, RepoPath};
use crate::record::Record;
use crate::repo::{CommitId, PushCommit, PushTarget, Survey};
use crate::worker::{CommitOrder, Fact, Unprepared};

impl World {
    /// Makes a commit object and syncs it, and the files it was made of; nothing shared is touched.
    pub(super) fn prepare(&mut self, order: CommitOrder) -> Done {
        self.tick()?;
        let hook = self.hook.take();
        if hook == Some(Disturbance::HookRefuses) {
            let why = Unprepared::Hook { hook: "pre-commit".to_owned(), output: "no".to_owned() };
            self.queue.push_back(Fact::Unprepared { work: order.work, why });
            return Ok(());
        }
        let own = folder(&order.milestone);
        if order.approved_rfc.is_some() && self.rfc(&order.milestone) != order.approved_rfc {
            let why = Unprepared::Changed { path: path(&format!("{own}/rfc.md")) };
            self.queue.push_back(Fact::Unprepared { work: order.work, why });
            return Ok(());
        }
        let mut tree = self.disk.commits[&order.parent].tree.clone();
        let mut put = |path: &RepoPath, content: Option<Content>| drop(set(&mut tree, path, content));
        let is_changed = |(path, content): &&(RepoPath, Option<ContentHash>)| {
            self.disk.files.get(path).map(Content::hash) != *content
        };
        if let Some((path, _)) = order.paths.iter().find(is_changed) {
            let why = Unprepared::Changed { path: path.clone() };
            self.queue.push_back(Fact::Unprepared { work: order.work, why });
            return Ok(());
        }
        for (path, _) in &order.paths {
            put(path, self.disk.files.get(path).cloned());
            self.disk.unsynced.remove(path);
        }
        for (path, content) in self.documents_of(&order) {
            put(&path, Some(content));
        }
        let mut changed_by_hooks = Vec::new();
        if hook == Some(Disturbance::HookWanders) {
            let wandered = path("vendor/generated.txt");
            if !order.leave_out.contains(&wandered) {
                put(&wandered, Some(Content::Text(u32::MAX)));
                changed_by_hooks.push(wandered);
            }
        }
        let of = Some((order.milestone.clone(), order.work.clone()));
        let commit =
            self.disk.commit(Commit { parent: Some(order.parent.clone()), tree, of, author: Author::Us });
        let subject = order.message.lines().next().unwrap_or_default().to_owned();
        let documents = order.edits.iter().filter_map(|edit| {
            let path = doc_path(&order.milestone, edit);
            let held = self.disk.files.get(&path)?.hash();
            Some((path, held))
        });
        self.queue.push_back(Fact::Prepared {
            documents: documents.collect(),
            work: order.work,
            commit,
            subject,
            changed_by_hooks,
            before_hooks: None,
        });
        Ok(())
    }

    /// The documents that go with a commit, as they will be.
    fn documents_of(&self, order: &CommitOrder) -> Tree {
        if self.schedule.private {
            return Tree::new();
        }
        let own = folder(&order.milestone);
        let mut documents: Tree = self.disk.files.clone();
        documents.retain(|path, _| path.is_beneath(own.as_bytes()));
        let touched: BTreeSet<RepoPath> =
            order.edits.iter().map(|edit| doc_path(&order.milestone, edit)).collect();
        for edit in &order.edits {
            let path = doc_path(&order.milestone, edit);
            let after = edited(documents.get(&path).cloned(), edit);
            after.map(|after| documents.insert(path, after));
        }
        documents.retain(|path, _| {
            order.plan_too || touched.contains(path) || path.as_bytes().ends_with(b"milestone.md")
        });
        documents
    }

    pub(super) fn swap(&mut self, work: WorkId, branch: &str, commit: CommitId, parent: &CommitId) -> Done {
        self.tick()?;
        if self.disk.branch != branch {
            let branch = Some(self.disk.branch.clone());
            self.queue.push_back(Fact::NotSwapped { work, branch });
            return Ok(());
        }
        if self.disk.head() != *parent {
            self.queue.push_back(Fact::NotSwapped { work, branch: Some(branch.to_owned()) });
            return Ok(());
        }
        self.judge_commit(&commit).map_err(Cut::Broken)?;
        if let Some((milestone, work)) = &self.disk.commits[&commit].of {
            self.oracle.words.judge_commit(&self.memory, milestone, work).map_err(Cut::Broken)?;
        }
        self.disk.branches.insert(branch.to_owned(), commit.clone());
        self.tick()?;
        self.queue.push_back(Fact::Swapped { work, commit });
        Ok(())
    }

    /// The index agrees with a commit.
    pub(super) fn settle(&mut self, commit: &CommitId) -> Done {
        let Commit { parent, tree, .. } = self.disk.commits[commit].clone();
        let below = parent.map(|parent| self.disk.commits[&parent].tree.clone()).unwrap_or_default();
        let paths: BTreeSet<RepoPath> = tree.keys().chain(below.keys()).cloned().collect();
        for path in paths.into_iter().filter(|path| tree.get(path) != below.get(path)) {
            self.tick()?;
            let (staged, content) = (self.disk.index.get(&path).cloned(), tree.get(&path).cloned());
            if staged.is_some() && staged != content && staged.as_ref() != below.get(&path) {
                self.disk.save_beside("staged", [(path.clone(), staged)].into());
            }
            set(&mut self.disk.index, &path, content);
        }
        Ok(())
    }

    pub(super) fn recover(&mut self, milestone: &MilestoneId, commit: &CommitId) -> Done {
        self.settle(commit)?;
        let own = folder(milestone);
        let Commit { parent, tree, .. } = self.disk.commits[commit].clone();
        let below = parent.map(|parent| self.disk.commits[&parent].tree.clone()).unwrap_or_default();
        let memory = self.memory.clone();
        let is_of_commit = |path: &RepoPath, content: &Content| {
            path.is_beneath(own.as_bytes()) && below.get(path) != Some(content)
        };
        for (path, content) in tree.into_iter().filter(|(path, content)| is_of_commit(path, content)) {
            self.tick()?;
            let now = self.disk.files.get(&path).map(Content::hash);
            if now.is_some_and(|now| memory.is_before_commit(&path, now) && now != content.hash()) {
                self.remember(Record::Wrote { path: path.clone(), hash: content.hash() });
                self.disk.write(&path, Some(content), true);
            }
        }
        Ok(())
    }

    pub(super) fn survey(&mut self, branch: Option<String>) -> Survey {
        let branch = branch.unwrap_or_else(|| self.disk.branch.clone());
        let head = self.disk.head();
        let known: BTreeSet<CommitId> =
            self.disk.tracking.values().flat_map(|tip| self.disk.below(tip)).collect();
        let mut commits: Vec<CommitId> =
            self.disk.below(&head).into_iter().filter(|id| !known.contains(id)).collect();
        commits.reverse();
        let commits: Vec<PushCommit> = commits
            .into_iter()
            .map(|id| {
                let of = self.disk.commits[&id].of.clone();
                PushCommit { id, subject: String::new(), of }
            })
            .collect();
        let target =
            PushTarget::Remote { name: "origin".to_owned(), url: "file:///remote".to_owned(), branch };
        Survey { head: Some(head), target, commits, files: Vec::new() }
    }

    pub(super) fn push(&mut self, commit: CommitId, branch: String) -> Done {
        self.tick()?;
        if self.refusals > 0 {
            self.refusals -= 1;
            self.queue.push_back(Fact::NotPushed { words: "rejected".to_owned() });
            return Ok(());
        }
        self.judge_push(&commit).map_err(Cut::Broken)?;
        self.disk.remote.insert(branch.clone(), commit.clone());
        self.tick()?;
        self.disk.tracking.insert(branch, commit.clone());
        self.queue.push_back(Fact::Pushed { commit });
        Ok(())
    }
}
