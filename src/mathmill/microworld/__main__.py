"""python -m mathmill.microworld: make the embedded default, a small synthetic web with ground truth.

Hosts in WARC files, program files, preprints, everyday text, a seed corpus, annotations, instruction sets and
benchmarks, all from one seed (design: the microworld). The truth folder is for the report and the tests alone.
"""

from mathmill.workflow.stage import Stage, launch

OUTPUTS = ("crawl", "text", "seed", "annotations", "instruct", "questions", "benchmarks", "truth")


def body(stage: Stage) -> None:
    """Make all outputs and log what is in them."""
    from mathmill.microworld.world import make_world

    paths = {label: stage.output(label) for label in OUTPUTS}
    found = make_world(stage.section, paths, stage.scratch / "parts", stage.runtime.engine)
    names = (
        "urls",
        "hosts",
        "pages",
        "unique_pages",
        "math_pages",
        "math_share",
        "contaminated_pages",
        "accidental_pages",
    )
    stage.run.metrics({f"microworld/{name}": float(found[name]) for name in names}, step=0)


if __name__ == "__main__":
    launch("microworld", body)
