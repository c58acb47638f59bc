"""A script as Syne Tune runs it: report lines go out, nothing comes back, a signal ends it."""
import argparse, json, os, time

parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
parser.add_argument("--st_checkpoint_dir")
args, _ = parser.parse_known_args()
path = os.path.join(args.st_checkpoint_dir, "state.json")
start = json.load(open(path))["epoch"] if os.path.exists(path) else 0
for epoch in range(start + 1, 10):
    time.sleep(0.02)
    with open(path + ".new", "w") as file:  # a signal may come at any time: never half a file
        json.dump({"epoch": epoch}, file)
    os.replace(path + ".new", path)
    loss = args.x + (1 + args.x) / epoch
    print(f"[tune-metric]: {json.dumps({'epoch': epoch, 'loss': loss})}", flush=True)
