# SPDX-License-Identifier: GPL-2.0-or-later
"""A cluster on this machine: Slurm's own daemons, with every machine of the cluster in
namespaces of its own.

    with Cluster() as cluster:
        cluster.run("sbatch", "--wait", "job.sh")

A machine is a process, the first one of its PID namespace, which waits for the end of
its standard input, a pipe from here.  When it ends, Linux ends all others of the
namespace and takes its network and its mounts away; so nothing stays, however this
process ends, and a node loses its power by one SIGKILL."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

PATIENCE = 60       # s, for what takes a few
POLL = 0.1          # s
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel",
            "scontrol", "unshare", "nsenter", "ip", "mount")
# where daemons are is not in everybody's PATH
PATH = f"{os.environ.get('PATH', '/usr/bin:/bin')}:/usr/sbin:/sbin"
ADDRESS = "10.77.0."
HEAD = 254          # the head's address, after which the nodes' are 1, 2, ...

# No accounting: a small cluster has no database, and so no sacct.  No cgroups: a
# container may have none to give.  More processors than this machine has are no harm.
CONFIG = """
ClusterName=test
SlurmctldHost=head({head})
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmctldPidFile={folder}/slurmctld.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdSpoolDir={folder}/%n
SlurmdPidFile={folder}/%n.pid
SlurmdLogFile={folder}/%n.log
SlurmctldDebug=info
SlurmdDebug=info
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/completed.txt
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
JobRequeue=1
MaxArraySize=100001
MaxJobCount=200000
MinJobAge=3600
ReturnToService=2
SlurmctldTimeout=10
SlurmdTimeout=3
TCPTimeout=1
MessageTimeout=5
InactiveLimit=0
KillWait=1
UnkillableStepTimeout=10
CompleteWait=0
OverTimeLimit=0
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,sched_min_interval=0,batch_sched_delay=0,\
bf_interval=1,defer_batch
NodeName=DEFAULT CPUs={cpus} RealMemory=1000 State=UNKNOWN
{nodes}
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


class Machine:
    """One with a network and processes of its own, which sees all of this one's
    files."""

    def __init__(self, name):
        self.name = name
        self.process = subprocess.Popen(
            ["unshare", "--net", "--uts", "--ipc", "--mount", "--pid", "--fork",
             "--kill-child", "--mount-proc", sys.executable, __file__, name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "PATH": PATH})
        if self.process.stdout.readline() != b"ready\n":
            reason = self.process.communicate()[1].decode().strip()
            raise unittest.SkipTest(f"no namespaces are allowed here: {reason}")
        self.programs = []

    def enter(self, *command):
        """The command that runs another in this machine."""
        namespaces = f"/proc/{self.process.pid}/ns"
        return ["nsenter", f"--net={namespaces}/net", f"--uts={namespaces}/uts",
                f"--ipc={namespaces}/ipc", f"--mount={namespaces}/mnt",
                f"--pid={namespaces}/pid_for_children", "--wd=.", *command]

    def ip(self, *command):
        """ip, with its network alone: the PIDs that it is told are of here."""
        done = subprocess.run(
            ["nsenter", f"--net=/proc/{self.process.pid}/ns/net", "ip", *command],
            capture_output=True, text=True)
        if done.returncode != 0:
            raise unittest.SkipTest("no networks are allowed here: "
                                    f"ip {' '.join(command)}: {done.stderr.strip()}")

    def start(self, *command, log, **options):
        """Starts a program that runs as long as this machine."""
        with open(log, "ab") as file:
            process = subprocess.Popen(
                self.enter(*command), stdin=subprocess.DEVNULL, stdout=file,
                stderr=subprocess.STDOUT, **options)
        self.programs.append(process)
        return process

    def kill(self):
        """All of its processes at once, as by the loss of power."""
        self.process.kill()
        self.process.communicate()
        for program in self.programs:
            program.wait()
        self.programs = []


def be_machine(name):
    # whose parent has ended is ours now, and is not to stay as a zombie
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    socket.sethostname(name)
    os.write(1, b"ready\n")
    sys.stdin.read()


class Cluster:
    def __init__(self, nodes=2, cpus=3):
        self.names = [f"node{i + 1}" for i in range(nodes)]
        self.cpus = cpus
        self.folder = self.head = self.last_handler = None
        self.nodes = [None] * nodes

    def __enter__(self):
        if os.geteuid() != 0:
            raise unittest.SkipTest("only root may make namespaces")
        missing = [p for p in PROGRAMS if not shutil.which(p, path=PATH)]
        if missing:
            raise unittest.SkipTest(f"there is no {', '.join(missing)}")
        if threading.current_thread() is threading.main_thread():
            # so that the folder goes, too; all else goes by itself
            self.last_handler = signal.signal(
                signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self.folder = Path(tempfile.mkdtemp(prefix="slurm-"))
        self.folder.chmod(0o711)     # munge insists
        self.environment = {**{name: value for name, value in os.environ.items()
                               if not name.startswith(("SLURM", "SBATCH"))},
                            "PATH": PATH, "SLURM_CONF": str(self.folder / "slurm.conf")}
        nodes = "\n".join(f"NodeName={name} NodeAddr={ADDRESS}{i + 1}"
                          for i, name in enumerate(self.names))
        (self.folder / "slurm.conf").write_text(CONFIG.format(
            folder=self.folder, head=f"{ADDRESS}{HEAD}", cpus=self.cpus, nodes=nodes))
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
        (self.folder / "state").mkdir(mode=0o700)
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(128))

        self.head = Machine("head")
        self.head.ip("link", "set", "lo", "up")
        self.head.ip("link", "add", "switch", "type", "bridge")
        self.head.ip("address", "add", f"{ADDRESS}{HEAD}/24", "dev", "switch")
        self.head.ip("link", "set", "switch", "up")
        munge = self.folder / "munge"
        self.head.start(
            "munged", "--foreground", f"--socket={munge}.socket",
            f"--key-file={key}", f"--pid-file={munge}.pid",
            f"--log-file={munge}.log", f"--seed-file={munge}.seed",
            log=f"{munge}.out", env=self.environment)
        self.wait_for(Path(f"{munge}.socket").exists, "munge")
        self.controller = self.head.start(
            "slurmctld", "-D", "-c", log=self.folder / "slurmctld.out",
            env=self.environment)
        for i in range(len(self.nodes)):
            self.start_node(i)
        for i in range(len(self.nodes)):
            self.wait_for_node(i, "IDLE")

    def stop(self):
        for machine in [*self.nodes, self.head]:
            if machine:
                machine.kill()
        self.nodes, self.head = [None] * len(self.nodes), None
        if self.folder:
            shutil.rmtree(self.folder)
            self.folder = None
        if self.last_handler is not None:
            signal.signal(signal.SIGTERM, self.last_handler)
            self.last_handler = None

    # Nodes, which are counted from 0

    def start_node(self, i):
        name = self.names[i]
        node = self.nodes[i] = Machine(name)
        self.head.ip("link", "add", name, "master", "switch", "type", "veth",
                     "peer", "name", "eth0", "netns", str(node.process.pid))
        self.head.ip("link", "set", name, "up")
        node.ip("link", "set", "lo", "up")
        node.ip("address", "add", f"{ADDRESS}{i + 1}/24", "dev", "eth0")
        node.ip("link", "set", "eth0", "up")
        (self.folder / name).mkdir(exist_ok=True)
        node.start("slurmd", "-D", "-N", name, log=self.folder / f"{name}.out",
                   env=self.environment)

    def kill_node(self, i):
        """It loses its power: all that runs there, and its network."""
        self.nodes[i].kill()
        self.nodes[i] = None

    def revive_node(self, i):
        self.start_node(i)

    def wait_for_node(self, i, *states):
        def is_so():
            record = self.run("scontrol", "--oneliner", "show", "node", self.names[i])
            state = record.stdout.partition(" State=")[2].partition(" ")[0]
            return not state.endswith("*") and set(states) & set(state.split("+"))
        self.wait_for(is_so, f"{self.names[i]} that is {' or '.join(states)}")

    # What users do

    def run(self, *command, env=None, **options):
        """Runs it in the head, as from a shell there."""
        return subprocess.run(
            self.head.enter(*map(str, command)), text=True, errors="surrogateescape",
            env={**self.environment, **(env or {})},
            **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
               "stderr": subprocess.PIPE, "timeout": 120, **options})

    def must(self, *command, **options):
        """The standard output of what must not fail."""
        done = self.run(*command, **options)
        if done.returncode != 0:
            raise AssertionError(f"{command}: {done.returncode}\n"
                                 f"{done.stdout}{done.stderr}\n{self.describe()}")
        return done.stdout

    def submit(self, *arguments, **options):
        """The number of a job."""
        return self.must("sbatch", "--parsable", *arguments, **options).strip()

    def let_jobs_start(self, may):
        """Jobs that are submitted while they may not wait until they may."""
        self.must("scontrol", "update", "PartitionName=main",
                  f"State={'UP' if may else 'DOWN'}")

    def jobs(self, job=None):
        """{"7_3": "COMPLETED"}: the state of each job, and of each task of an array,
        that Slurm knows, or of that one; those that have ended, too."""
        states = self.must("squeue", "--noheader", "--array", "--states=all",
                           "--format=%i %T")
        states = dict(line.split() for line in states.splitlines())
        return {name: state for name, state in states.items()
                if job is None or name.split("_")[0] == str(job)}

    def wait_for(self, condition, what):
        """What condition() returns as soon as that is true."""
        end = time.monotonic() + PATIENCE
        while True:
            answer = condition()
            if answer:
                return answer
            if time.monotonic() > end:
                raise AssertionError(f"no {what}\n{self.describe()}")
            time.sleep(POLL)

    def wait_for_jobs(self, *jobs):
        """Until they have ended, however; returns their states by their names."""
        def ended():
            states = {name: state for job in jobs
                      for name, state in self.jobs(job).items()}
            return states if states and not set(states.values()) & {
                "PENDING", "RUNNING", "COMPLETING", "CONFIGURING", "SUSPENDED",
                "REQUEUED", "REQUEUE_HOLD", "SPECIAL_EXIT"} else None
        return self.wait_for(ended, f"end of {', '.join(map(str, jobs))}")

    def describe(self):
        """For people who ask why it did not work."""
        parts = []
        if self.head:
            parts += [self.run(*command).stdout for command in (
                ("squeue", "--array", "--states=all"), ("sinfo", "--long", "-N"))]
        for log in sorted(self.folder.glob("*.log")):
            lines = log.read_text(errors="replace").splitlines()
            parts.append("\n".join([f"{log.name}:", *lines[-15:]]))
        return "\n".join(parts)


if __name__ == "__main__":
    be_machine(sys.argv[1])
