//! The training programs of a storm: one script, five ways to be told to end.

/// Trains by counting, and looks at what it is given.
///
/// Its checkpoint is a file `state` with its trial and epoch, renamed into place, and a file
/// `lines.EPOCH` of 300 lines with the same, written before `state` names it. So whatever moment it
/// is ended at, `state` and the lines it names agree; where they do not, or belong to another
/// trial, or somebody else writes there too, it says so in the file `complaints`.
///
/// The trial's number decides how it takes TERM, INT and HUP: it dies, saves and exits with 0 or
/// 143, goes on, or has a helper in a session of its own, as launchers have, that it ends with
/// itself. Between an epoch's save and its report it puts signals off, so that what it has saved and
/// what it has said agree unless it is killed.
pub(crate) const PROGRAM: &str = r#"
dir=$1; x=$2; trial=$3; protocol=$4
complain() { echo "trial $trial, process $$: $*" >> complaints; }
of_lines() { awk "BEGIN { for (i = 0; i < 300; i++) print \"$trial\", $1 }"; }
whole() { of_lines "$done" | cmp -s - "$dir/lines.$done"; }
save() {
  of_lines "$1" > "$dir/lines.new" && mv "$dir/lines.new" "$dir/lines.$1" || return 1
  echo "$trial $1" > "$dir/state.new" && mv "$dir/state.new" "$dir/state" || return 1
  for old in "$dir"/lines.*; do [ "$old" = "$dir/lines.$1" ] || rm -f "$old"; done
  READ_ONLY
}
leave() { [ -z "$helper" ] || kill -KILL "$helper"; exit "$1"; }

done=0; helper=; told=; busy=
if [ -e "$dir/state" ]; then
  read -r whose done < "$dir/state" || complain "half a state"
  [ "$whose" = "$trial" ] || complain "the state of trial $whose"
  # A signal to the whole group may end what compares: then it is looked at once more.
  whole || whole || complain "epoch $done is half written"
elif [ -n "$(ls "$dir")" ]; then
  complain "no state beside $(ls "$dir")"
fi
echo $$ > "owners/$trial"; rm -f "beats/$trial"

obey() {
  case $((trial % 5)) in
    1) [ "$done" = 0 ] || save "$done"; leave 0 ;;
    2) [ "$done" = 0 ] || save "$done"; leave 143 ;;
    3) told= ;;
    4) leave 143 ;;
    *) trap - "$told"; kill -"$told" $$ ;;
  esac
}
hear() { told=$1; [ -n "$busy" ] || obey; }
for signal in TERM INT HUP; do trap "hear $signal" $signal; done
if [ $((trial % 5)) = 4 ]; then
  setsid sh -c 'while :; do echo "$1" > "$2"; sleep 0.05; done' helper $$ "beats/$trial" &
  helper=$!
fi

# The last report is made again where it was saved and then not heard.
again=; [ "$done" -lt 9 ] || again=1
while [ "$done" -lt 9 ] || [ -n "$again" ]; do
  again=
  [ -e fast ] || sleep EPOCH
  read -r owner < "owners/$trial" && [ "$owner" = $$ ] || complain "process $owner trains it too"
  if [ -s "beats/$trial" ] && read -r beat < "beats/$trial" && [ "$beat" != $$ ]; then
    complain "a helper of process $beat lives on"
  fi
  busy=1
  epoch=$((done + 1))
  [ "$epoch" -le 9 ] || epoch=9
  # Signals to the whole group may have ended the writer, more than once: then it is written again.
  saved=
  for attempt in 1 2 3 4 5; do
    save "$epoch" && saved=1 && break
  done
  [ -n "$saved" ] || complain "epoch $epoch cannot be saved"
  report="{\"epoch\": $epoch, \"loss\": 0.$epoch$x, \"checkpoint\": true}"
  done=$epoch
  if [ "$protocol" = one_way ]; then
    echo "[tune-metric]: $report"
    busy=; [ -z "$told" ] || obey
  else
    echo "$report" || leave 1
    busy=; [ -z "$told" ] || obey
    # A signal that is not obeyed ends the wait, not the program.
    until read -r answer; do
      [ $((trial % 5)) = 3 ] && kill -0 "$PPID" && sleep 0.02 || leave 1
    done
    [ "$answer" != pause ] || leave 0
  fi
done
[ "$protocol" != one_way ] || sleep 5
leave 0
"#;

/// The program, with epochs of a number of seconds, and checkpoints that hold a read-only folder or do
/// not.
pub(crate) fn program(epoch: &str, read_only: bool) -> String {
    let folder = r#"[ -d "$dir/sealed" ] || { mkdir "$dir/sealed" && echo 1 > "$dir/sealed/file" && chmod 555 "$dir/sealed"; }"#;
    PROGRAM
        .replace("EPOCH\n", &format!("{epoch}\n"))
        .replace("READ_ONLY", if read_only { folder } else { ":" })
}
