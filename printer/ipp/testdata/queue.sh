#!/bin/sh
# queue.sh DIR PORT CONF QUEUEPORT: peer.sh, and a CUPS of its own before it.
sh "$(dirname "$0")/peer.sh" "$1" "$2" "$3" &
set -- "$(dirname "$0")" "$1/cups" "$2" "$4"
mkdir -p "$2"
mkdir -p "$2/root" "$2/state" "$2/cache" "$2/tmp" "$2/jobs"; chmod 777 "$2" "$2/root" "$2/state" "$2/cache" "$2/tmp" "$2/jobs"
cat >"$2/cupsd.conf" <<C
Listen localhost:$4
LogLevel warn
Browsing Off
DefaultAuthType None
<Location />
  Order allow,deny
  Allow all
</Location>
<Location /admin>
  Order allow,deny
  Allow all
</Location>
<Policy default>
  <Limit All>
    Order allow,deny
    Allow all
  </Limit>
</Policy>
C
cat >"$2/cups-files.conf" <<C
ServerRoot $2/root
RequestRoot $2/jobs
StateDir $2/state
CacheDir $2/cache
TempDir $2/tmp
ErrorLog $2/error_log
AccessLog $2/access_log
PageLog $2/page_log
SystemGroup root lpadmin
User lp
Group lp
C
exec cupsd -f -c "$2/cupsd.conf" -s "$2/cups-files.conf"
