. "$(dirname "$0")/../e2e/lib.sh"
must found_cress
must enter morlaix
must synced morlaix cress
rm -f /tmp/gen100k/attendu*
date +%s.%N
e morlaix import all /tmp/gen100k >$work/out.txt; echo "exit $?"
date +%s.%N
grep VmHWM /proc/$pid_morlaix/status
tail -n 3 $work/out.txt; grep -v "ligne\|line" $work/out.txt | head -150
crash morlaix
start morlaix
echo restarted
date +%s.%N
e morlaix import all /tmp/gen100k >$work/out.txt; echo "exit $?"
date +%s.%N
grep VmHWM /proc/$pid_morlaix/status
grep -v "ligne\|line" $work/out.txt | head -150
stop morlaix
ls -la $work/morlaix
finish
