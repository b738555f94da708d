# Sourced by ./try and ./check in the top directory: installs what is missing, and
# builds.

ci=$PWD/.ci

build_packages="gcc g++ meson ninja-build pkg-config libglib2.0-dev
  libjson-glib-dev libfftw3-dev libgstreamer1.0-dev
  libgstreamer-plugins-base1.0-dev gstreamer1.0-tools gstreamer1.0-plugins-base
  gstreamer1.0-plugins-good gstreamer1.0-libav libcairo2-dev libpango1.0-dev
  libsqlite3-dev libsoup-3.0-dev libseccomp-dev libmosquitto-dev libxml2-dev zlib1g-dev"
# small ones, for most of the tests
test_packages="python3-numpy python3-mutagen python3-jsonschema python3-gi
  python3-pyte libgirepository1.0-dev gstreamer1.0-plugins-ugly ffmpeg mandoc curl
  beets python3-gst-1.0 python3-prometheus-client espeak-ng openssl
  sqlite3"
# for the others
all_packages="python3-torch python3-pil python3-matplotlib gir1.2-gstreamer-1.0
  gstreamer1.0-plugins-bad gi-docgen clang libclang-rt-dev icecast2 mosquitto mosquitto-clients
  faketime nginx-light chromium firefox-esr xvfb dbus-daemon at-spi2-core
  python3-pyatspi pulseaudio scrot quodlibet rhythmbox rhythmbox-plugins gstreamer1.0-pulseaudio gir1.2-gst-rtsp-server-1.0
  slurmctld slurmd slurm-client munge iproute2
  parallel sysstat python3-celery python3-redis redis-server
  abigail-tools reuse"
# Other packages of Node.js than Debian's come with npm, and Debian's npm cannot be
# installed beside them.
node_packages=
command -v npm >/dev/null || node_packages="nodejs npm"
all_packages="$all_packages $node_packages"

# install PACKAGE...: those of them that are not there yet.
install() {
  missing=
  for package in "$@"; do
    case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
      installed) ;;
      *) missing="$missing $package" ;;
    esac
  done
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null || {
    echo "This is not Debian; please install:$missing" >&2
    return 1
  }
  as_root=
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || {
      echo "There is no sudo; please have these installed:$missing" >&2
      return 1
    }
    as_root=sudo
  fi
  echo "Installing with ${as_root:+$as_root }apt-get:$missing" >&2
  log=$(mktemp)
  if ! $as_root "$ci/apt-install" $missing >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    rm -f "$log"
    echo "The packages could not be installed." >&2
    return 1
  fi
  rm -f "$log"
}

# build DIRECTORY [MESON OPTION...]
build() {
  directory=$1
  shift
  log=$(mktemp)
  if [ ! -f "$directory/build.ninja" ]; then
    echo "Building in $directory" >&2
    meson setup "$directory" "$@" >"$log" 2>&1 </dev/null || {
      cat "$log" >&2
      rm -rf "$log" "$directory"
      return 1
    }
  elif [ $# -gt 0 ]; then
    # it may have been built with others; one of another meson is set up anew below
    meson setup --reconfigure "$directory" "$@" >"$log" 2>&1 </dev/null || :
  fi
  # a directory that was moved, or made by another meson, is set up anew
  meson compile -C "$directory" >"$log" 2>&1 </dev/null ||
    { meson setup --wipe "$directory" "$@" && meson compile -C "$directory"; } \
      >"$log" 2>&1 </dev/null || {
    cat "$log" >&2
    rm -f "$log"
    echo "The build failed." >&2
    return 1
  }
  rm -f "$log"
}
