#!/bin/sh
# Installs what some tests talk to, from Debian's packages: `make peers`. Without a package its tests say that they are
# skipped, so this never fails: where it cannot install, it prints what to run.
packages="chromium gcc libc6-dev libzmq3-dev prometheus python3 python3-zmq tshark"

missing=""
for name in $packages; do
  [ "$(dpkg-query --show --showformat '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] ||
    missing="$missing $name"
done
if [ -z "$missing" ]; then
  echo "Nothing to install: every test can run."
  exit 0
fi

if ! command -v apt-get >/dev/null; then
  echo "There is no apt-get here. Some tests are skipped without Debian's$missing, or what stands for them."
  exit 0
fi
as_root=""
if [ "$(id -u)" -ne 0 ]; then
  as_root="sudo -n"
  if ! sudo -n true 2>/dev/null; then
    echo "Some tests are skipped without these packages. To install them:"
    echo "  sudo apt-get update && sudo apt-get install --no-install-recommends$missing"
    exit 0
  fi
fi

# One by one: where one is not to be had, the others are. No package may ask a question.
apt() {
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=60 "$@" </dev/null
}
apt update || echo "The list of packages is not up to date."
for name in $missing; do
  apt install --no-install-recommends "$name" || echo "Not installed, so its tests are skipped: $name"
done
