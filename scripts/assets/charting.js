// The parts of Apache ECharts that the pages use, as one script that names them `echarts`.
import { LineChart } from "echarts/charts";
import {
  AriaComponent,
  DataZoomComponent,
  GridComponent,
  MarkLineComponent,
  TooltipComponent,
} from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([AriaComponent, DataZoomComponent, GridComponent, LineChart, MarkLineComponent, SVGRenderer, TooltipComponent]);

export { init };
