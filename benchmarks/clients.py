"""The clients of other tools, and schemathesis, against a running ``rnncli serve``.

    python benchmarks/clients.py [--env DIR] [--examples 50]

Makes an environment with huggingface_hub, label-studio-sdk and schemathesis, which the tests do not need: they hold
what these send and expect. The client of UDPipe is a script that no package has: what it sends is in
tests/serving/test_adapters.py. The status is 1 if anything fails.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import report
import serving

from rnncli.resources import bundled

CLIENTS = """
import json, sys
from urllib.request import Request, urlopen
import huggingface_hub
import label_studio_sdk
from huggingface_hub import InferenceClient
from huggingface_hub.errors import BadRequestError
from label_studio_sdk.label_interface import LabelInterface

url = sys.argv[1]
text = "leave Taipei on November 2nd"
client = InferenceClient(model=f"{url}/models/booking")
groups = [(item.entity_group, item.word) for item in client.token_classification(text)]
assert groups == [("departure", "Taipei"), ("departure_time", "November 2nd")], groups
tokens = client.token_classification(text, aggregation_strategy="none", ignore_labels=[])
assert [item.word for item in tokens] == text.split(), tokens
try:
    client.token_classification(text, aggregation_strategy="other")
except BadRequestError as error:
    assert "expected one of none, simple" in str(error)
else:
    raise AssertionError("a wrong strategy is not refused")
print("huggingface_hub", huggingface_hub.__version__)

labels = "".join(f'<Label value="{name}"/>' for name in ("departure", "destination", "departure_time"))
config = f'<View><Labels name="tags" toName="words">{labels}</Labels><Text name="words" value="$sentence"/></View>'
value = {"tasks": [{"id": 1, "data": {"sentence": text}}], "label_config": config, "project": "1.2"}
asked = Request(f"{url}/predict", json.dumps(value).encode(), {"Content-Type": "application/json"})
(prediction,) = json.load(urlopen(asked))["results"]
interface = LabelInterface(config)
assert interface.validate_prediction(prediction), prediction
assert not interface.validate_prediction({**prediction, "result": [{**prediction["result"][0], "from_name": "x"}]})
print("label_studio_sdk", label_studio_sdk.__version__ if hasattr(label_studio_sdk, "__version__") else "")
"""


def main() -> None:
    """Run all clients."""
    parser = report.options(__doc__)
    default = Path(tempfile.gettempdir()) / "rnncli-clients"
    parser.add_argument("--env", type=Path, default=default, help="default: %(default)s")
    parser.add_argument("--examples", type=int, default=50, help="of schemathesis for each path")
    options = parser.parse_args()
    python = report.python_with(options.env, "huggingface_hub", "label-studio-sdk", "schemathesis")
    serve = [sys.executable, "-m", "rnncli", "serve", "--port", "0"]
    serve += ["--model", f"booking={bundled('models/default.npz')}"]
    config = Path(__file__).parents[1] / "tests" / "serving" / "schemathesis.toml"
    with serving.running("rnncli", serve) as side:
        clients = subprocess.run([str(python), "-c", CLIENTS, side.url], check=False)
        run = [
            str(python.with_name("schemathesis")),
            "--config-file",
            str(config),
            "run",
            f"{side.url}/openapi.json",
        ]
        # Each of these requests would train networks.
        run += [option for path in ("/v1/train", "/v1/architectures") for option in ("--exclude-path", path)]
        run += ["--max-examples", str(options.examples), "--seed", "1", "--no-color"]
        schemas = subprocess.run(run, check=False)
    if options.json:
        results = {"clients": clients.returncode, "schemathesis": schemas.returncode}
        options.json.write_text(json.dumps(results) + "\n", "utf-8")
    raise SystemExit(clients.returncode or schemas.returncode)


if __name__ == "__main__":
    main()
