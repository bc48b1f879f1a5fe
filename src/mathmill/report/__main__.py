"""python -m mathmill.report: the page, its figures and the summary, out of every stage's report and the ground truth.

reports/index.html needs no network; `python -m mathmill.report.summary` prints the summary.
"""

from mathmill.workflow.stage import Stage, launch


def body(stage: Stage) -> None:
    """Write the report."""
    from mathmill.report.build import build
    from mathmill.report.facts import Sources

    paths = {label: stage.input(label) for label in stage.node.inputs}
    if stage.section.labels is not None:
        paths["labels"] = stage.input("labels")
    sources = Sources(stage.root, paths)
    build(
        sources,
        stage.section,
        index=stage.output("index"),
        summary=stage.output("summary"),
        figures=stage.output("figures"),
        claims=stage.output("claims"),
        scratch=stage.scratch,
    )


if __name__ == "__main__":
    launch("report", body)
