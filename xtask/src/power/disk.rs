//! A disk in a file, and the switch that takes its power away.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use super::needs;

/// What the worker wants to find free, and some. The file has holes: little of it is written.
const SIZE: u64 = 1 << 30;
/// How long a disk may stay busy after everything on it was ended.
const PATIENCE: Duration = Duration::from_secs(10);

/// Opens the mount point, waits for a line, and shuts the file system down: `EXT4_IOC_SHUTDOWN`, which is
/// `_IOR('X', 125, __u32)`, with `EXT4_GOING_FLAGS_NOLOGFLUSH`.
const SWITCH: &str = r#"
$| = 1;
open(my $top, "<", $ARGV[0]) or die "open the mount point: $!\n";
my $without_flush = pack("L", 2);
print "ready\n";
defined(<STDIN>) or exit 0;
defined(ioctl($top, 0x8004587D, $without_flush)) or die "the shutdown ioctl: $!\n";
print "off\n";
"#;

/// An image that is mounted, or will be.
pub(super) struct Disk {
    image: PathBuf,
    at: PathBuf,
}

/// Takes the power away, the moment it is told to.
pub(super) struct Switch {
    child: Child,
    said: BufReader<ChildStdout>,
}

impl Disk {
    /// An empty file system that is to be mounted there.
    pub(super) fn make(image: &Path, at: &Path) -> anyhow::Result<Self> {
        let file = File::create_new(image).with_context(|| format!("make `{}`", image.display()))?;
        file.set_len(SIZE).with_context(|| format!("size `{}`", image.display()))?;
        // Few inodes and a small log, so that nothing is left to be written in the background.
        let small =
            ["-q", "-F", "-N", "16384", "-J", "size=8", "-E", "lazy_itable_init=0,lazy_journal_init=0"];
        run("mkfs.ext4", Command::new(program("mkfs.ext4")?).args(small).arg(image))?;
        fs::create_dir_all(at).with_context(|| format!("make `{}`", at.display()))?;
        Ok(Self { image: image.to_owned(), at: at.to_owned() })
    }

    /// The same content in a file of its own, to be mounted in the same place.
    pub(super) fn copy(&self, image: &Path) -> anyhow::Result<Self> {
        run("cp", Command::new("cp").arg("--sparse=always").args([&self.image, image]))?;
        Ok(Self { image: image.to_owned(), at: self.at.clone() })
    }

    pub(super) fn mount(&self) -> anyhow::Result<()> {
        run("mount", Command::new(program("mount")?).args(["-o", "loop"]).args([&self.image, &self.at]))
    }

    /// Unmounts it for good: one that were only hidden would still be there when it is mounted again.
    pub(super) fn unmount(&self) -> anyhow::Result<()> {
        let until = Instant::now() + PATIENCE;
        loop {
            let unmounted = run("umount", Command::new(program("umount")?).arg(&self.at));
            if unmounted.is_ok() || Instant::now() > until {
                return unmounted;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Removes the image. It is not mounted.
    pub(super) fn remove(self) -> anyhow::Result<()> {
        fs::remove_file(&self.image).with_context(|| format!("remove `{}`", self.image.display()))
    }

    /// A switch for it. It is mounted.
    pub(super) fn switch(&self) -> anyhow::Result<Switch> {
        let mut child = Command::new(program("perl")?)
            .args(["-e", SWITCH])
            .arg(&self.at)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("start perl")?;
        let said = BufReader::new(child.stdout.take().context("its output is a pipe")?);
        let mut switch = Switch { child, said };
        switch.hears("ready")?;
        Ok(switch)
    }
}

impl Switch {
    /// Takes the power away. When this returns, nothing reaches the disk any more.
    pub(super) fn turn_off(mut self) -> anyhow::Result<()> {
        let mut wire = self.child.stdin.take().context("its input is a pipe")?;
        wire.write_all(b"\n").context("tell the switch")?;
        self.hears("off")?;
        let status = self.child.wait().context("wait for the switch")?;
        ensure!(status.success(), "the switch ended with {status}");
        Ok(())
    }

    fn hears(&mut self, word: &str) -> anyhow::Result<()> {
        let mut line = String::new();
        self.said.read_line(&mut line).context("hear the switch")?;
        if line.trim() != word {
            let status = self.child.wait().context("wait for the switch")?;
            bail!("the switch is not {word}: {status}");
        }
        Ok(())
    }
}

fn program(name: &str) -> anyhow::Result<PathBuf> {
    needs::find(name).with_context(|| format!("`{name}` is gone"))
}

fn run(name: &str, command: &mut Command) -> anyhow::Result<()> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("start {name}"))?;
    ensure!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}
