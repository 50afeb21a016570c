#!/bin/sh
# Installs skillctl from a release: the executable for this machine, its checksum verified, in one rename.
#
#     curl -fsSL https://github.com/OWNER/skillimage/releases/latest/download/install.sh | sh
#
# Settings, from the environment:
#   VERSION      the release, as 1.2.3 or v1.2.3; default: the latest
#   INSTALL_DIR  where skillctl goes; default: /usr/local/bin for root, else ~/.local/bin
#   BASE_URL     a mirror of the project's releases, with latest/download/… and download/v<version>/… below it
#
# Needs curl or wget, tar, gzip, and one of sha256sum, shasum and openssl. Changes nothing but INSTALL_DIR/skillctl.
set -eu

say() { printf '%s\n' "$*" >&2; }

fail() {
  say "error: $1"
  [ $# -lt 2 ] || say "hint: $2"
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# Sets $os and $arch as the archives' names spell them.
detect() {
  case $(uname -s) in
    Linux) os=linux ;;
    Darwin) os=darwin ;;
    MINGW* | MSYS* | CYGWIN*) fail "this script does not install on Windows" "Use Scoop, or unpack the .zip of the release." ;;
    *) fail "there is no executable for $(uname -s)" "On any system with Node.js: npm i -g skillimage" ;;
  esac
  case $(uname -m) in
    x86_64 | amd64) arch=amd64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) fail "there is no executable for $(uname -m)" "On any machine with Node.js: npm i -g skillimage" ;;
  esac
  # A shell under Rosetta says x86_64 on an arm64 machine.
  if [ "$os" = darwin ] && [ "$(sysctl -n sysctl.proc_translated 2>/dev/null || :)" = 1 ]; then arch=arm64; fi
  if [ "$os" = linux ] && ! ls /lib*/ld-linux-*.so.* /lib/*/ld-linux-*.so.* >/dev/null 2>&1; then
    fail "the executables need glibc, which this system does not have" "With Node.js: npm i -g skillimage"
  fi
}

# fetch URL FILE. An error page is no file; what https leads to is https.
fetch() {
  case $1 in https://*) only=https ;; *) only=http,https ;; esac
  if has curl; then
    curl -fsSL --proto "=$only" --retry 2 -o "$2" "$1" && return
  elif has wget; then
    case $only in https) set -- "$1" "$2" --https-only ;; esac
    if wget --help 2>&1 | grep -q -e --https-only; then
      wget -q ${3:+"$3"} -O "$2" "$1" && return
    else
      wget -q -O "$2" "$1" && return
    fi
  else
    fail "neither curl nor wget is installed" "Install one of them."
  fi
  fail "cannot download $1" "Check the network, VERSION and BASE_URL."
}

sha256() {
  if has sha256sum; then
    sha256sum "$1"
  elif has shasum; then
    shasum -a 256 "$1"
  elif has openssl; then
    openssl dgst -sha256 -r "$1"
  else
    fail "nothing here computes SHA-256, so the download cannot be verified" "Install sha256sum, shasum or openssl."
  fi | cut -d ' ' -f 1
}

main() {
  base=${BASE_URL:-https://github.com/OWNER/skillimage/releases}
  base=${base%/}
  directory=${INSTALL_DIR:-}
  if [ -z "$directory" ]; then
    if [ "$(id -u)" = 0 ]; then directory=/usr/local/bin; else directory=${HOME:?}/.local/bin; fi
  fi
  wanted=${VERSION:-latest}
  wanted=${wanted#v}
  case $wanted in
    *[!0-9A-Za-z.+-]*) fail "VERSION is no version: $wanted" "Give it as 1.2.3, or leave it out for the latest." ;;
  esac
  detect

  mkdir -p "$directory" 2>/dev/null || fail "cannot make the directory $directory" "Choose another: INSTALL_DIR=…"
  # On a PATH, a relative one would be another place in each directory.
  case $directory in /*) ;; *) directory=$(pwd)/$directory ;; esac
  # In the same directory, so that the last step is a rename.
  room=$(mktemp -d "$directory/.skillctl.XXXXXX" 2>/dev/null) ||
    fail "cannot write into $directory" "Choose another with INSTALL_DIR=…, or run this as a user who may."
  trap 'rm -rf "$room"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  trap 'exit 129' HUP

  if [ "$wanted" = latest ]; then from=$base/latest/download; else from=$base/download/v$wanted; fi
  fetch "$from/checksums.txt" "$room/checksums.txt"
  # Which version the latest is, is in the names of its files.
  line=$(grep -E "^[0-9a-f]{64}  skillctl_[0-9A-Za-z.+-]+_${os}_${arch}\.tar\.gz\$" "$room/checksums.txt" | head -n 1) ||
    line=
  [ -n "$line" ] || fail "$from/checksums.txt names no archive for $os/$arch"
  digest=${line%% *}
  archive=${line##* }
  version=${archive#skillctl_}
  version=${version%"_${os}_${arch}.tar.gz"}
  [ "$wanted" = latest ] || [ "$wanted" = "$version" ] || fail "$from holds version $version, not $wanted"

  say "downloading skillctl $version for $os/$arch"
  fetch "$base/download/v$version/$archive" "$room/$archive"
  found=$(sha256 "$room/$archive")
  [ "$found" = "$digest" ] ||
    fail "$archive is not what was released: its SHA-256 is ${found:-not known}, and should be $digest" "Nothing was installed. Try again, or without BASE_URL."
  tar -xzf "$room/$archive" -C "$room" skillctl || fail "cannot unpack $archive"
  chmod 755 "$room/skillctl"
  answer=$("$room/skillctl" version 2>&1) || fail "the executable does not run here: $answer"
  [ "$answer" = "skillctl $version" ] || fail "the executable says that it is: $answer"
  [ ! -d "$directory/skillctl" ] || fail "$directory/skillctl is a directory"
  mv -f "$room/skillctl" "$directory/skillctl" || fail "cannot replace $directory/skillctl"

  say "installed $directory/skillctl"
  case :${PATH:-}: in
    *":$directory:"*) ;;
    *) say "$directory is not on your PATH. Add this to your shell's profile:" && say "  export PATH=\"$directory:\$PATH\"" ;;
  esac
}

# The last line, so that half of this script does nothing.
main
