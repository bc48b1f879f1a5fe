"""The tasks by name."""

from mathmill.evaluate.tasks import (
    cmath,
    gaokao_mathcloze,
    gaokao_mathqa,
    gsm8k,
    math,
    mgsm_zh,
    mmlu_stem,
    ocw,
    sat,
)
from mathmill.evaluate.tasks.task import Task

# In the order in which the form of a row is tried.
TASKS: dict[str, Task] = {
    module.TASK.name: module.TASK
    for module in (gsm8k, math, ocw, sat, mmlu_stem, cmath, gaokao_mathcloze, gaokao_mathqa, mgsm_zh)
}
