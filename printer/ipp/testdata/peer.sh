#!/bin/sh
# peer.sh DIR PORT CONF: an IPP printer that nobody here wrote, with a bus and an
# avahi of its own. It runs in its own mount and process namespaces.
set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/dbus /run/avahi-daemon
dbus-daemon --system --nofork --nopidfile >"$1/dbus.log" 2>&1 &
cat >"$1/avahi.conf" <<C
[server]
host-name=jolly-test-$2
use-ipv6=no
allow-interfaces=lo
enable-dbus=yes
[wide-area]
enable-wide-area=no
[publish]
publish-workstation=no
publish-hinfo=no
C
while [ ! -S /run/dbus/system_bus_socket ]; do sleep 0.05; done
avahi-daemon -f "$1/avahi.conf" --no-drop-root --no-chroot --no-rlimits >"$1/avahi.log" 2>&1 &
n=0
until ippeveprinter -v -p "$2" -n localhost -a "$3" -k -d "$1/spool" -c "$1/command" Kiosk80 2>>"$1/printer.log"; do
  n=$((n+1)); [ $n -lt 60 ] || exit 1
  sleep 0.1
done
