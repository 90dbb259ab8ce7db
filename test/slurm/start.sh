#!/usr/bin/env bash
# A real Slurm of two nodes on this machine, of SLURM_CPUS cores each (default 1; there need not be as many), for tests. Debian, as root.
#   start.sh DIR          starts munged, slurmctld and two slurmd; prints SLURM_CONF=FILE, to be exported
#   start.sh --stop DIR
# SLURM_PORTS="A B C": of the controller and the nodes, default 16917 17101 17102.
# With SLURM_HIDDEN=FOLDER the nodes see an empty folder in its place.
set -euo pipefail
if [ "${1:-}" = --stop ]; then
  dir=$(realpath "$2")
  export SLURM_CONF="$dir/slurm.conf"
  if timeout 10 scancel --user="$(id -un)" 2>/dev/null; then
    for _ in $(seq 100); do [ -n "$(squeue --noheader 2>/dev/null)" ] || break; sleep 0.1; done
  fi
  for daemon in ctld slurmd-n1 slurmd-n2 munge; do
    [ -s "$dir/$daemon.pid" ] || continue
    # Another such Slurm may use munge.
    if [ $daemon = munge ] && pgrep -x slurmctld >/dev/null; then continue; fi
    pid=$(cat "$dir/$daemon.pid")
    kill "$pid" 2>/dev/null || continue
    for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
  done
  exit 0
fi
mkdir -p "$1" && dir=$(realpath "$1") && host=$(hostname -s)
mkdir -p "$dir"/{state,spooln1,spooln2,log} /run/munge && chown munge: /run/munge
read -ra ports <<<"${SLURM_PORTS:-16917 17101 17102}"
cat >"$dir/slurm.conf" <<CONF
ClusterName=onnxforge
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=${ports[0]}
SlurmUser=root
AuthType=auth/munge
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool%n
SlurmctldPidFile=$dir/ctld.pid
SlurmdPidFile=$dir/slurmd-%n.pid
SlurmctldLogFile=$dir/log/ctld.log
SlurmdLogFile=$dir/log/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
SlurmdParameters=config_overrides
SlurmdTimeout=10
JobRequeue=1
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=${ports[1]} CPUs=${SLURM_CPUS:-1} State=UNKNOWN
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=${ports[2]} CPUs=${SLURM_CPUS:-1} State=UNKNOWN
PartitionName=p Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF="$dir/slurm.conf"
if [ ! -S /run/munge/munge.socket.2 ] || ! munge -n >/dev/null 2>&1; then
  runuser -u munge -- /usr/sbin/munged --force --pid-file=/run/munge/munged.pid
  sleep 1
  cp /run/munge/munged.pid "$dir/munge.pid" 2>/dev/null || true
fi
slurmctld
node() {
  if [ -z "${SLURM_HIDDEN:-}" ]; then slurmd -N "$1"; return; fi
  unshare --mount sh -c 'mount -t tmpfs hidden "$1" && exec slurmd -N "$2"' sh "$SLURM_HIDDEN" "$1"
}
node n1
node n2
for _ in $(seq 40); do
  [ "$(sinfo -h -N -t idle | wc -l)" = 2 ] && break
  sleep 0.5
done
sinfo -N >&2
echo "SLURM_CONF=$SLURM_CONF"
