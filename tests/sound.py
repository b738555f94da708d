# SPDX-License-Identifier: GPL-2.0-or-later
"""A sound card that nobody hears, for the tests that need one."""


def pulseaudio(socket):
    """The command of a PulseAudio server at that socket, a path: its clients find it
    by PULSE_SERVER.  What they play goes nowhere, at the pace of real time."""
    return ["pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no",
            "--exit-idle-time=-1", "--disable-shm",
            "-L", "module-null-sink sink_name=nobody",
            "-L", f"module-native-protocol-unix socket={socket} auth-anonymous=1"]
