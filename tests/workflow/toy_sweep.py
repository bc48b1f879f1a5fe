"""A stage `rl` whose body is a toy, and what its sweeps have left in MLflow."""

BODY = """
    '''A toy.'''
    import json, os, signal, sys, time
    from pathlib import Path
    from mathmill.workflow.stage import launch

    def body(stage):
        seed, lr = stage.section.seed, stage.section.optim.lr
        with open("calls", "a") as file:
            file.write(f"{seed} {lr} {stage.run.resumed}\\n")
        stage.run.metrics({"accuracy": seed / 10}, 1)
        if seed == 2 and Path("fail").exists():
            raise ValueError("seed 2 is not to my taste")
        time.sleep(float(os.environ.get("SECONDS_A_JOB", "0")))
        if seed == 3 and Path("kill").exists():
            stage.run.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        for label in stage.node.outputs:
            path = stage.output(label)
            if path.suffix:
                path.write_text("{}")
            else:
                path.mkdir(parents=True, exist_ok=True)
                (path / "model.safetensors").write_bytes(f"{seed}".encode())
        return seed / 10 + lr

    if __name__ == "__main__":
        launch("rl", body)
"""


def runs(root):
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{root / 'mlflow.db'}")
    found = client.search_runs([client.get_experiment_by_name("mathmill").experiment_id], max_results=100)
    parents = [run for run in found if run.data.tags.get("kind") == "sweep"]
    children = [run for run in found if "mlflow.parentRunId" in run.data.tags]
    assert len(parents) + len(children) == len(found)
    return client, parents, sorted(children, key=lambda run: run.info.run_name)
