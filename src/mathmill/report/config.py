"""Configuration of stage `report`: what the page shows, and where its links to runs point."""

from dataclasses import dataclass

from mathmill.workflow.option import option


@dataclass
class ReportConfig:
    """Section `report` of the configuration."""

    seed: int = option(0, "seed of the paired bootstrap and of the choice of samples", ge=0)
    confidence: float = option(0.95, "coverage of paired intervals", gt=0.5, lt=1.0)
    resamples: int = option(20_000, "resamples of the paired bootstrap", ge=100)
    benchmark: str | None = option(
        None, "the benchmark of the headline (the stem of its file); null: the one that was evaluated, or `test`"
    )
    labels: str | None = option(
        None, "labelled file of `python -m mathmill.corpus sample`: precision and recall without a ground truth"
    )
    pages: int = option(4, "sample pages of the corpus shown", ge=0, le=50)
    page_characters: int = option(700, "characters of a sample page shown", ge=50)
    rollouts: int = option(4, "problems whose completions by every model are shown", ge=0, le=100)
    mlflow_url: str = option("http://127.0.0.1:5000", "address of the MLflow UI that links point to (`make ui`)")
    experiment: str = option("1", "MLflow's number of the experiment that links point to (1 in a fresh store)")
