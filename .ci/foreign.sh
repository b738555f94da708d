# Sourced after setup.sh: what is built for other machines than this one.  It is kept
# outside of the checkout, as it takes long to get.

cache=${XDG_CACHE_HOME:-$HOME/.cache}/genreclassify
case $cache in
  *[[:space:]]*)
    echo "$cache is the folder for another machine's packages, and its compilers are not" \
      "told of names with spaces: set XDG_CACHE_HOME to one without." >&2
    exit 1
    ;;
esac

# private_apt FOLDER ARCHITECTURE: makes this shell's apt-get one that knows the Debian
# of this machine for another ARCHITECTURE, without any package installed, and keeps all
# that it has in FOLDER.  The machine's own dpkg never hears of it.
private_apt() {
  codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
  mirror=${DEBIAN_MIRROR:-http://deb.debian.org}
  mkdir -p "$1/etc/apt/apt.conf.d" "$1/etc/apt/preferences.d" \
    "$1/var/lib/apt/lists/partial" "$1/var/cache/apt/archives/partial"
  : >"$1/status"
  for type in deb deb-src; do
    signed="[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
    echo "$type $signed $mirror/debian $codename main"
    echo "$type $signed $mirror/debian $codename-updates main"
    echo "$type $signed $mirror/debian-security $codename-security main"
  done >"$1/etc/apt/sources.list"
  cat >"$1/apt.conf" <<EOF
Dir "$1";
Dir::State::status "$1/status";
APT::Architecture "$2";
APT::Architectures { "$2"; };
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Debug::NoLocking "true";
EOF
  export APT_CONFIG="$1/apt.conf"
}

# sysroot FOLDER ARCHITECTURE TRIPLET PACKAGE...: unpacks packages, and all that they
# need, into FOLDER/root, if they are not there yet.  Nothing of them is configured.
sysroot() {
  folder=$1 architecture=$2 triplet=$3
  shift 3
  [ "$*" != "$(cat "$folder/root/packages" 2>/dev/null)" ] || return 0
  echo "Getting packages for $architecture into $folder/root" >&2
  rm -rf "$folder/root" "$folder/new"
  mkdir -p "$folder/new"
  log=$(mktemp)
  # in a condition an error ends nothing, so that each is asked for
  (
    private_apt "$folder" "$architecture" &&
      apt-get update -qq &&
      apt-get install -qq -y --download-only "$@" || exit 1
    for package in "$folder"/var/cache/apt/archives/*.deb; do
      dpkg-deb --fsys-tarfile "$package" >"$folder/package.tar" &&
        tar -x -C "$folder/new" -f "$folder/package.tar" \
          --exclude=./usr/share/doc --exclude=./usr/share/man \
          --exclude=./usr/share/locale --exclude=./usr/share/icons || exit 1
    done
    rm -f "$folder/package.tar"
    apt-get clean
  ) >"$log" 2>&1 </dev/null || {
    cat "$log" >&2
    rm -f "$log"
    echo "The packages could not be had." >&2
    return 1
  }
  rm -f "$log"
  # what the packages' own scripts link
  for library in blas/libblas.so.3 lapack/liblapack.so.3; do
    [ ! -e "$folder/new/usr/lib/$triplet/$library" ] ||
      ln -s "$library" "$folder/new/usr/lib/$triplet/"
  done
  # what tests look for in PATH
  mkdir "$folder/new/tools"
  ln -s ../usr/bin/gst-inspect-1.0 ../usr/bin/gst-launch-1.0 "$folder/new/tools"
  echo "$*" >"$folder/new/packages"
  mv "$folder/new" "$folder/root"
}
