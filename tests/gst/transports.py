# SPDX-License-Identifier: GPL-2.0-or-later
"""Streams that lose packets on their way, and what genreclassify answers to them.

A transport encodes recordings to packets; send() loses some, always the same ones for a
seed, and plays the others through what a receiver has into the element.  Nothing waits
for a clock: a jitter buffer that has none takes a packet for lost as soon as a later one
is there, which is what it does in the end with one."""

import dataclasses
import functools
import operator
import random
import statistics
import tempfile
import threading

import gi
gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402

PATIENCE = 120              # s, for what takes a few
RATE, CHANNELS = 44100, 2
RAW = f"audio/x-raw,format=S16LE,rate={RATE},channels={CHANNELS}," \
    "layout=interleaved"
# The first packets always arrive: what a listener misses before them is no loss.
SAFE = 32
BURST = 12              # packets that are lost one after another
MAX_JITTER = 0.005          # s, by which a packet is late at most
MAX_UNDER_WAY = 1000        # packets in the jitter buffer; it refuses too many
TS_PACKET = 188
TS_AT_ONCE = 7              # packets in a buffer, as in a datagram


class Failure(Exception):
    """What a pipeline said as it failed."""


def launch(description):
    try:
        return Gst.parse_launch(description)
    except GLib.Error as e:
        raise Failure(f"{description}: {e.message}") from e


def wait(pipeline):
    """The element messages until the end of the stream."""
    bus, messages = pipeline.get_bus(), []
    types = Gst.MessageType.ELEMENT | Gst.MessageType.EOS | Gst.MessageType.ERROR
    while message := bus.timed_pop_filtered(PATIENCE * Gst.SECOND, types):
        if message.type == Gst.MessageType.EOS:
            return messages
        if message.type == Gst.MessageType.ERROR:
            error, debug = message.parse_error()
            raise Failure(f"{error.message} ({debug})")
        messages.append(message)
    raise Failure(f"no end of the stream in {PATIENCE} s")


def play(description):
    pipeline = launch(description)
    pipeline.set_state(Gst.State.PLAYING)
    try:
        wait(pipeline)
    finally:
        pipeline.set_state(Gst.State.NULL)


def decode(path):
    """The bytes of a recording in the format RAW."""
    with tempfile.NamedTemporaryFile() as file:
        play(f'filesrc location="{path}" ! decodebin ! audioconvert ! audioresample '
             f'! {RAW} ! filesink location="{file.name}"')
        return file.read()


def join(paths, seconds):
    """The recordings one after another, and again, until there are so many seconds."""
    size = seconds * RATE * CHANNELS * 2
    audio = b"".join(map(decode, paths))
    return (audio * (size // len(audio) + 1))[:size]


@dataclasses.dataclass
class Packet:
    data: bytes
    time: int               # ns, or Gst.CLOCK_TIME_NONE


def drop(packets, rate, chance):
    return [p for p in packets if chance.random() >= rate]


def drop_bursts(packets, rate, chance):
    """BURST of them at a time, as when a wireless link fails for a moment."""
    left, kept = 0, []
    for packet in packets:
        if not left and chance.random() < rate / BURST:
            left = BURST
        if left:
            left -= 1
        else:
            kept.append(packet)
    return kept


def damage(packets, rate, chance):
    """A byte of it becomes another one."""
    def change(packet):
        data = bytearray(packet.data)
        data[chance.randrange(len(data))] ^= chance.randrange(1, 256)
        return Packet(bytes(data), packet.time)

    return [change(p) if chance.random() < rate else p for p in packets]


def shorten(packets, rate, chance):
    """What follows a place in it is missing."""
    return [Packet(p.data[:chance.randrange(len(p.data))], p.time)
            if chance.random() < rate else p for p in packets]


@dataclasses.dataclass(frozen=True)
class Transport:
    name: str
    encoder: str
    receiver: str           # what gives raw audio
    lose: callable = drop
    needs: tuple = ()       # elements that not every installation has

    def is_there(self):
        return all(map(Gst.ElementFactory.find, self.needs))

    @property
    def is_damaged(self):
        """Packets are not lost as a whole: a decoder makes noise of the rest, and the
        timestamps do not tell all that is missing."""
        return self.lose in (damage, shorten)

    @property
    def is_timed(self):
        """Packets come with the time of their arrival."""
        return "rtpjitterbuffer" in self.receiver


# 8 ms and 20 ms in a packet
L16 = "audioconvert ! rtpL16pay", "rtpL16depay ! audioconvert"
OPUS = "audioresample ! opusenc bitrate=96000 ! rtpopuspay", "rtpopusdepay ! opusdec"
AAC = "avenc_aac bitrate=128000 ! aacparse"
ADTS = AAC + " ! audio/mpeg,stream-format=adts", "aacparse ! avdec_aac ! audioconvert"
JITTER = "rtpjitterbuffer name=buffer ! "
LOST = "rtpjitterbuffer name=buffer do-lost=true ! "
TRANSPORTS = [
    Transport("RTP L16", L16[0], JITTER + L16[1]),
    Transport("RTP L16, do-lost", L16[0], LOST + L16[1]),
    Transport("RTP L16, bursts of 0.1 s", L16[0], JITTER + L16[1], lose=drop_bursts),
    Transport("RTP Opus", OPUS[0], JITTER + OPUS[1]),
    Transport("RTP Opus, do-lost, plc", OPUS[0], LOST + OPUS[1] + " plc=true"),
    Transport("MPEG-TS, MP2", "twolamemp2enc ! mpegaudioparse ! mpegtsmux",
              "tsdemux ! mpegaudioparse ! mpg123audiodec",
              needs=("twolamemp2enc", "mpegtsmux", "mpg123audiodec")),
    Transport("MPEG-TS, AAC", AAC + " ! mpegtsmux",
              "tsdemux ! aacparse ! avdec_aac ! audioconvert",
              needs=("avenc_aac", "mpegtsmux")),
    Transport("ADTS AAC, bytes changed", *ADTS, lose=damage, needs=("avenc_aac",)),
    Transport("ADTS AAC, bytes missing", *ADTS, lose=shorten, needs=("avenc_aac",)),
]


@functools.lru_cache(maxsize=1)
def encode(encoder, audio):
    """(packets, caps) of audio in the format RAW."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(audio)
        file.flush()
        pipeline = launch(
            f'filesrc location="{file.name}" ! rawaudioparse format=pcm '
            f"pcm-format=s16le sample-rate={RATE} num-channels={CHANNELS} "
            f"! audioconvert ! {encoder} ! appsink name=sink sync=false")
        sink, packets = pipeline.get_by_name("sink"), []
        pipeline.set_state(Gst.State.PLAYING)
        try:
            while sample := sink.emit(
                    "try-pull-sample", PATIENCE * Gst.SECOND):
                buffer = sample.get_buffer()
                packets.append(Packet(
                    buffer.extract_dup(0, buffer.get_size()), buffer.pts))
                caps = sample.get_caps().copy()
            wait(pipeline)
        finally:
            pipeline.set_state(Gst.State.NULL)
    if caps.get_structure(0).get_name() == "video/mpegts":
        stream = b"".join(p.data for p in packets)
        packets = [Packet(stream[i:i + TS_PACKET], Gst.CLOCK_TIME_NONE)
                   for i in range(0, len(stream), TS_PACKET)]
    return packets, caps


def bundle(packets):
    """MPEG-TS comes in datagrams."""
    return [Packet(b"".join(p.data for p in packets[i:i + TS_AT_ONCE]),
                   Gst.CLOCK_TIME_NONE)
            for i in range(0, len(packets), TS_AT_ONCE)]


def delay(packets, chance):
    """Each arrives a little late, but in order."""
    latest, late = 0, []
    for packet in packets:
        latest = max(latest, packet.time + round(
            chance.random() * MAX_JITTER * Gst.SECOND))
        late.append(Packet(packet.data, latest))
    return late


@dataclasses.dataclass
class Segment:
    start: float            # running time; all in seconds
    duration: float
    missing: float          # of the duration
    partial: bool
    genre: str              # None if it is silent, or no music
    probabilities: list

    def overlap(self, other):
        return min(self.start + self.duration, other.start + other.duration) - \
            max(self.start, other.start)

    def nearest(self, segments):
        """That which has most of the same time, or None."""
        return max((s for s in segments if self.overlap(s) > 0), key=self.overlap,
                   default=None)


@dataclasses.dataclass
class Answer:
    segments: list
    stats: dict
    end: float              # stream time, s, where the audio ended

    @property
    def n_full(self):
        return sum(not s.partial for s in self.segments)

    @property
    def covered(self):
        """Seconds that were heard in segments."""
        return sum(s.duration - s.missing for s in self.segments)

    def compare(self, clean):
        """(agreement, change) with the answer of the clean run: in what part of its
        segments the one here that has most of the same time says the same genre, and by
        how much the probability that changes most does, in the mean.  Those are left
        out whose audio did not come at all, as a parser can wait until the end for the
        rest of a frame that is none."""
        came = [s for s in clean.segments if s.start + s.duration / 2 < self.end]
        pairs = [(s, s.nearest(self.segments)) for s in came]
        changes = [max(map(abs, map(operator.sub, a.probabilities, b.probabilities)))
                   for a, b in pairs if b]
        return (statistics.mean(bool(b) and a.genre == b.genre for a, b in pairs),
                statistics.mean(changes) if changes else None)


def read_array(structure):
    array = structure.get_array("probabilities")[1]
    return [array.get_nth(i) for i in range(array.n_values)]


def read_segment(structure):
    def get(field, default):
        value = structure.get_value(field)
        return default if value is None else value

    return Segment(*(get(field, 0) / Gst.SECOND for field in (
        "running-time", "duration", "missing")),
        get("partial", False), get("genre", None), read_array(structure))


def not_live(pad, info):
    """The stream comes as fast as it is taken: no segment may be dropped, as those of
    a live stream are."""
    query = info.get_query()
    if query.type != Gst.QueryType.LATENCY:
        return Gst.PadProbeReturn.OK
    query.set_latency(False, 0, Gst.CLOCK_TIME_NONE)
    return Gst.PadProbeReturn.HANDLED


class Receiver:
    """A transport's receiver with elements behind it, each one a genreclassify or
    another that lets audio pass."""

    def __init__(self, transport, caps, elements):
        self.pipeline = launch(
            f"appsrc name=source format={'time' if transport.is_timed else 'bytes'} "
            "block=true max-buffers=100 max-bytes=0 "
            f"! {transport.receiver} ! "
            f"identity name=raw ! {' ! '.join(elements)} ! fakesink sync=false")
        self.source = self.pipeline.get_by_name("source")
        self.source.set_property("caps", caps)
        self.pipeline.use_clock(None)
        raw = self.pipeline.get_by_name("raw").get_static_pad("src")
        raw.add_probe(Gst.PadProbeType.QUERY_UPSTREAM, not_live)
        self.room = None
        if buffer := self.pipeline.get_by_name("buffer"):
            self.room = threading.Semaphore(MAX_UNDER_WAY)
            buffer.get_static_pad("src").add_probe(
                Gst.PadProbeType.BUFFER, self.make_room)

    def make_room(self, pad, info):
        self.room.release()
        return Gst.PadProbeReturn.OK

    def push(self, packet):
        if self.room and not self.room.acquire(timeout=PATIENCE):
            raise Failure("the jitter buffer gives nothing any more")
        buffer = Gst.Buffer.new_wrapped(packet.data)
        buffer.pts = buffer.dts = packet.time
        return self.source.emit("push-buffer", buffer) == Gst.FlowReturn.OK

    def run(self, packets):
        """The element messages."""
        self.pipeline.set_state(Gst.State.PLAYING)
        for packet in packets:
            if not self.push(packet):
                break       # the error is on the bus
        self.source.emit("end-of-stream")
        return wait(self.pipeline)

    def stop(self):
        self.pipeline.set_state(Gst.State.NULL)


def send(transport, packets, caps, elements, rate, seed):
    """{element's name: Answer} for the elements with `name=`."""
    chance = random.Random(seed)
    packets = packets[:SAFE] + transport.lose(packets[SAFE:], rate, chance)
    if transport.is_timed:
        packets = delay(packets, chance)
    elif caps.get_structure(0).get_name() == "video/mpegts":
        packets = bundle(packets)
    else:
        packets = [Packet(p.data, Gst.CLOCK_TIME_NONE) for p in packets]
    receiver = Receiver(transport, caps, elements)
    try:
        messages = receiver.run(packets)
        answers = {}
        for message in messages:
            structure = message.get_structure()
            if structure.get_name() == "genreclassify" and \
                    not structure.get_value("interim"):
                answers.setdefault(message.src.name, []).append(
                    read_segment(structure))
        end = receiver.pipeline.query_position(Gst.Format.TIME)[1] / Gst.SECOND
        names = [e.split("name=")[1].split()[0] for e in elements if "name=" in e]
        return {name: Answer(answers.get(name, []), read_stats(
            receiver.pipeline.get_by_name(name)), end) for name in names}
    finally:
        receiver.stop()


def read_stats(element):
    stats = element.get_property("stats")
    return {stats.nth_field_name(i): stats.get_value(stats.nth_field_name(i))
            for i in range(stats.n_fields())}


Gst.init(None)
