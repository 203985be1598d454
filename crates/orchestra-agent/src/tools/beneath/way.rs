//! One path, walked name by name.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;

use super::{
    Folder, Kind, LastLink, MAX_DEPTH, Name, PathError, Spot, could_not, kind_of, open_folder, path_of,
};

/// How many links are followed for one path (what Linux allows).
const MAX_LINKS: u32 = 40;

/// A path while it is walked.
pub(super) struct Way {
    top: OwnedFd,
    /// The open folders between the top and where we are, with their names.
    above: Vec<(OwnedFd, Vec<u8>)>,
    /// Names that are still to come, the next one last.
    pending: Vec<Vec<u8>>,
    links: u32,
    /// The link that was read last.
    link: String,
    last_link: LastLink,
}

impl Way {
    pub(super) fn new(top: OwnedFd, names: Vec<Vec<u8>>, last_link: LastLink) -> Self {
        let pending = names.into_iter().rev().collect();
        Self { top, above: Vec::new(), pending, links: 0, link: String::new(), last_link }
    }

    /// Walks a path to its end.
    pub(super) fn go(mut self) -> Result<Spot, PathError> {
        while let Some(name) = self.pending.pop() {
            if name == b".." {
                // Only a link's target has it.
                if self.above.pop().is_none() {
                    return Err(PathError::Outside { link: self.link });
                }
                continue;
            }
            let Some(kind) = kind_of(self.here(), &name).map_err(could_not("look at"))? else {
                return self.missing(name);
            };
            let is_last = self.pending.is_empty();
            match kind {
                Kind::Folder if self.above.len() == MAX_DEPTH => return Err(PathError::Depth),
                Kind::Folder => {
                    let folder = open_folder(self.here(), &name).map_err(could_not("open"))?;
                    self.above.push((folder, name));
                }
                Kind::Link if !is_last || self.last_link == LastLink::Follow => self.follow(&name)?,
                Kind::File | Kind::Special(_) if !is_last => {
                    return Err(PathError::NotAFolder { folder: self.shown(&name) });
                }
                Kind::File | Kind::Link | Kind::Special(_) => {
                    return self.end(Vec::new(), name, Some(kind)).map(Spot::Name);
                }
            }
        }
        let path = self.path_of(&[]);
        let path = if path.is_empty() { None } else { Some(path_of(path)?) };
        let fd = self.above.pop().map_or(self.top, |(folder, _)| folder);
        Ok(Spot::Folder(Folder { fd, path }))
    }

    fn here(&self) -> &OwnedFd {
        self.above.last().map_or(&self.top, |(folder, _)| folder)
    }

    /// Puts the names that a link consists of before those that are still to come.
    fn follow(&mut self, name: &[u8]) -> Result<(), PathError> {
        self.links += 1;
        if self.links > MAX_LINKS {
            return Err(PathError::Links);
        }
        let target = rustix::fs::readlinkat(self.here(), OsStr::from_bytes(name), Vec::new());
        let target = target.map_err(could_not("read the link on the way to"))?.into_bytes();
        self.link = self.shown(name);
        // Also a magic link of /proc looks like one.
        if target.starts_with(b"/") {
            return Err(PathError::Outside { link: self.link.clone() });
        }
        let names = target.split(|byte| *byte == b'/').filter(|name| !matches!(*name, b"" | b"."));
        self.pending.extend(names.rev().map(<[u8]>::to_vec));
        Ok(())
    }

    /// Ends at a name that is not there, maybe with others behind it.
    fn missing(mut self, name: Vec<u8>) -> Result<Spot, PathError> {
        let mut rest = std::mem::take(&mut self.pending);
        if rest.iter().any(|name| name == b"..") {
            return Err(PathError::Missing);
        }
        if self.above.len() + rest.len() > MAX_DEPTH {
            return Err(PathError::Depth);
        }
        rest.push(name);
        rest.reverse();
        let last = rest.pop().ok_or(PathError::Missing)?;
        self.end(rest, last, None).map(Spot::Name)
    }

    fn end(mut self, missing: Vec<Vec<u8>>, last: Vec<u8>, kind: Option<Kind>) -> Result<Name, PathError> {
        let mut names: Vec<&[u8]> = missing.iter().map(Vec::as_slice).collect();
        names.push(&last);
        let path = path_of(self.path_of(&names))?;
        let folder = self.above.pop().map_or(self.top, |(folder, _)| folder);
        Ok(Name { folder, missing, last, path, kind })
    }

    fn path_of(&self, more: &[&[u8]]) -> Vec<u8> {
        let above = self.above.iter().map(|(_, name)| name.as_slice());
        above.chain(more.iter().copied()).collect::<Vec<_>>().join(&b'/')
    }

    fn shown(&self, name: &[u8]) -> String {
        path_of(self.path_of(&[name])).map(|path| path.to_string()).unwrap_or_default()
    }
}
