#!/bin/bash
# Writes the files of Debian bookworm that the image of skillctl is made on: glibc's, and the CA certificates.
#
#     deploy/image/root.sh amd64|arm64 DIRECTORY
#
# The packages are those that the machine's apt sources have now, their signatures checked by apt. Needs Debian or Ubuntu with
# debian-archive-keyring; no root, and nothing of the system's is changed.
set -euo pipefail
arch=$1
mkdir -p "$2"
root=$(cd "$2" && pwd)
suite=bookworm
case $arch in
  amd64) triplet=x86_64-linux-gnu loader=lib64/ld-linux-x86-64.so.2 ;;
  arm64) triplet=aarch64-linux-gnu loader=lib/ld-linux-aarch64.so.1 ;;
  *) echo "no image is made for $arch" >&2; exit 2 ;;
esac

room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT

# A configuration of its own: of the system's it takes the mirror and how to reach it.
codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
mirror=$(apt-get update --print-uris | sed -n "s|^'\(.*\)/dists/$codename/InRelease'.*|\1|p" | head -n 1)
case $mirror in *debian*) ;; *) mirror=${DEBIAN_MIRROR:?names the mirror of Debian, which this system is not} ;; esac
mkdir -p "$room/lists/partial" "$room/cache/archives/partial" "$room/packages"
echo "deb [arch=$arch signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$room/sources.list"
apt-config dump | grep '^Acquire::' >"$room/apt.conf"
cat >>"$room/apt.conf" <<END
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::sourcelist "$room/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$room/lists";
Dir::State::status "/dev/null";
Dir::Cache "$room/cache";
Acquire::Retries "3";
Acquire::Check-Valid-Until "false"; // a mirror may be a snapshot
Acquire::Languages "none";
APT::Sandbox::User "$(id -un)";
END
export APT_CONFIG="$room/apt.conf"
apt-get update -qq
cd "$room/packages"
apt-get download -qq libc6 ca-certificates

for package in *.deb; do dpkg-deb --extract "$package" "$room/files"; done
cd "$room/files"
mkdir -p "$root"/{etc/ssl/certs,tmp,usr/share/doc,work,"lib/$triplet"}
# What the executable is linked with, and what glibc itself loads to look up names.
for library in libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0 librt.so.1 libresolv.so.2 libnss_dns.so.2 libnss_files.so.2; do
  cp -L "lib/$triplet/$library" "$root/lib/$triplet/"
done
mkdir -p "$root/$(dirname "$loader")"
cp -L "lib/$triplet/$(basename "$loader")" "$root/$loader"
chmod 755 "$root/$loader"
LC_ALL=C find usr/share/ca-certificates/mozilla -name '*.crt' -print0 | LC_ALL=C sort -z | xargs -0 cat \
  >"$root/etc/ssl/certs/ca-certificates.crt"
for name in libc6 ca-certificates; do
  mkdir -p "$root/usr/share/doc/$name"
  cp "usr/share/doc/$name/copyright" "$root/usr/share/doc/$name/"
done
chmod 1777 "$root/tmp"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
echo 'skillctl:x:65534:0:skillctl:/data:/sbin/nologin' >"$root/etc/passwd"
echo 'root:x:0:' >"$root/etc/group"
