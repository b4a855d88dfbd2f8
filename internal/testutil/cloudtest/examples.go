package cloudtest

// The ids that the published examples ask for.
const (
	ExampleOrder     = "SCT2023083109562601af694bf"
	ExampleWorkspace = "0d0e8c1b7a3f4f0e9d6c5b4a39281706"
	ExampleInstance  = "fae7ff6c-8e07-4cf8-9e67-589cab2f017c"
)

// ExampleLog is what the failed host of the example logs. No message may show it.
const ExampleLog = "log-of-the-host"

// An Example is what the published examples of a source are shown: an object that is good, or one that has to close the gate.
type Example struct {
	Show func(svc *Service, good bool)
	// Title begins the summary of what is not good, and Reason is further on in it.
	Title, Reason string
	// Says is the error of the data source, if it is not that of a closed gate.
	Says string
}

// Examples are those that the examples of several forms share, by the type of the source.
var Examples = map[string]Example{
	"coc_script_order": {
		Show:   showOrder,
		Title:  "COC script order " + ExampleOrder + ": failed (ABNORMAL) after 5m11s, ended 2023-10-22T03:52:43Z; 20 of 21 instances finished, 1 failed",
		Reason: "success-rate threshold 100%; failed hosts: ecs-21 (batch 1)",
	},
	"coc_script_order_statistics": {
		Show:   showOrder,
		Title:  "Instances of COC script order " + ExampleOrder + ": failed; 20 of 21 instances finished, 1 failed",
		Reason: "failed batches: 1",
	},
	"coc_script_order_batch": {
		Show:   showOrder,
		Title:  "Batch 1 of COC script order " + ExampleOrder + ": failed, ended 2023-10-22T03:52:43Z; 20 of 21 instances finished, 1 failed",
		Reason: "failed hosts: ecs-21",
	},
	"dataarts_instance_status": {
		Show: func(svc *Service, good bool) {
			run := Run{ID: 2, Status: "fail"}
			if good {
				run.Status = "success"
			}
			svc.Job(ExampleWorkspace, "etl_orders").Now(Runs(run))
		},
		Title:  "DataArts job etl_orders of workspace " + ExampleWorkspace,
		Reason: "; 1 failed; failed jobs: etl_orders (instance 2)",
	},
	"roma_fdi_task_statistics": {
		Show: func(svc *Service, good bool) {
			tasks := map[string]int{"running": 12}
			if !good {
				tasks["abnormal"] = 3
			}
			svc.Instance(ExampleInstance).Now(Tasks(nil, tasks))
		},
		Title:  "FDI tasks of ROMA Connect instance " + ExampleInstance,
		Says:   "were not healthy in time",
		Reason: "3 abnormal, 12 running",
	},
}

// showOrder shows an order with one instance of its only batch failed, or with none.
func showOrder(svc *Service, good bool) {
	state := Finished(5)
	if !good {
		state = Failed(20, 1)
		state.Log = ExampleLog
	}
	svc.Order(ExampleOrder).Now(state)
}
