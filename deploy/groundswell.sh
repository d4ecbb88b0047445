#!/bin/sh
# /usr/local/bin/groundswell: the command of the service's installation, as its user, in its folder, with its config and
# its database; a file that it is told to write or read without a path is one of /var/lib/groundswell.
exec sudo -u groundswell -- sh -c '
cd /var/lib/groundswell || exit 1
umask 077
export GROUNDSWELL_CONFIG=/etc/groundswell/config.yaml
export GROUNDSWELL_STORAGE__DATABASE=sqlite:////var/lib/groundswell/groundswell.db
export GROUNDSWELL_OUTPUT__DIR=/var/lib/groundswell/out
export GROUNDSWELL_OUTPUT__CACHE=/var/lib/groundswell/vectors.db
exec /opt/groundswell/bin/groundswell "$@"
' groundswell "$@"
