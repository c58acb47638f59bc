"""The ways to copy an object."""

import copy
import pickle

import cloudpickle
import dill
import pytest

COPIES = [
    pytest.param(lambda o: pickle.loads(pickle.dumps(o)), id="pickle"),
    pytest.param(lambda o: pickle.loads(pickle.dumps(o, 0)), id="pickle_0"),
    pytest.param(lambda o: dill.loads(dill.dumps(o)), id="dill"),
    pytest.param(lambda o: pickle.loads(cloudpickle.dumps(o)), id="cloudpickle"),
    pytest.param(copy.copy, id="copy"),
    pytest.param(copy.deepcopy, id="deepcopy"),
]
