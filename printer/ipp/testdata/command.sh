#!/bin/sh
# What ippeveprinter calls for a job: $1 is the document. While the file "empty"
# lies beside it there is no paper; the file "die" ends the printer.
dir=$(dirname "$0")
if [ -e "$dir/die" ]; then # the printer is switched off in mid print
  # When its last answer is some time ago: of a printer that dies over an answer CUPS
  # says that the job is completed, and tells no reason to doubt it.
  was=0 is=1
  until [ "$was" = "$is" ] && tail -n 1 "$dir/printer.log" | grep -q "localhost OK"; do
    was=$is
    sleep 0.2
    is=$(wc -c <"$dir/printer.log")
  done
  rm "$dir/die"
  kill -9 $PPID
  exit 1
fi
while [ -e "$dir/empty" ]; do
  echo "STATE: +media-empty-error,media-needed-error" >&2
  sleep 0.1
done
echo "STATE: -media-empty-error,media-needed-error" >&2
cp "$1" "$dir/part" && mv "$dir/part" "$dir/printed.pdf"
env | grep -E "^(IPP_|CONTENT_TYPE)" | sort >"$dir/printed.env"
echo "ATTR: job-impressions=1 job-impressions-completed=1" >&2
